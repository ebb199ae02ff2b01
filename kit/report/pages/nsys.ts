/**
 * The page of an nsys capture.
 *
 * @module
 */

import { categoriesSection } from "../sections/capture/categories.ts";
import { idleSection } from "../sections/capture/idle.ts";
import { kernelsSection } from "../sections/capture/kernels.ts";
import { nsysCallsSection } from "../sections/capture/nsys_calls.ts";
import { nsysRecording } from "../sections/capture/nsys_recording.ts";
import { ranksSection } from "../sections/capture/ranks.ts";
import { stepsSection } from "../sections/capture/steps.ts";
import { captureTiles } from "../sections/capture/tiles.ts";
import { timelineSection } from "../sections/capture/timeline.ts";
import { transfersSection } from "../sections/capture/transfers.ts";
import { captureWords } from "../sections/capture/words.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import { capturePage } from "./capture_page.ts";

/** Figures, timeline and findings of an nsys capture. */
export default capturePage([
  head,
  captureTiles,
  findingsSection,
  nsysRecording,
  stepsSection,
  timelineSection,
  categoriesSection,
  kernelsSection,
  idleSection,
  transfersSection,
  nsysCallsSection,
  ranksSection,
  filesSection,
  captureWords,
]);
