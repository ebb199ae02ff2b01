/**
 * The page of a torch capture.
 *
 * @module
 */

import { categoriesSection } from "../sections/capture/categories.ts";
import { hostTimelineSection } from "../sections/capture/host_timeline.ts";
import { idleSection } from "../sections/capture/idle.ts";
import { kernelsSection } from "../sections/capture/kernels.ts";
import { operatorsSection } from "../sections/capture/operators.ts";
import { ranksSection } from "../sections/capture/ranks.ts";
import { recording } from "../sections/capture/recording.ts";
import { stepsSection } from "../sections/capture/steps.ts";
import { captureTiles } from "../sections/capture/tiles.ts";
import { timelineSection } from "../sections/capture/timeline.ts";
import { transfersSection } from "../sections/capture/transfers.ts";
import { captureWords } from "../sections/capture/words.ts";
import { filesSection } from "../sections/files.ts";
import { findingsSection } from "../sections/findings.ts";
import { head } from "../sections/head.ts";
import { capturePage } from "./capture_page.ts";

/** Figures, timeline and findings of a torch capture. */
export default capturePage([
  head,
  captureTiles,
  findingsSection,
  recording,
  stepsSection,
  timelineSection,
  hostTimelineSection,
  categoriesSection,
  kernelsSection,
  idleSection,
  transfersSection,
  operatorsSection,
  ranksSection,
  filesSection,
  captureWords,
]);
