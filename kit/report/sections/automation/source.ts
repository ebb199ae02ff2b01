/**
 * What the sections of an automation's page are made from: the bundles of its stages.
 *
 * @module
 */

import type { BundleSource, Section, SessionSource } from "../../section.ts";
import type { CaptureSource } from "../capture/source.ts";

/** The bundles that there are; one that is missing, or cannot be read, is absent. */
export interface Parts {
  nsys?: CaptureSource;
  ncu?: CaptureSource;
  moe?: SessionSource;
}

/** What a section of an automation's page may use. */
export interface AutomationSource extends BundleSource {
  parts: Parts;
}

/** A section of another page, made of one of the parts; nothing where that is missing. */
export function of<Part extends keyof Parts>(
  part: Part,
  section: Section<NonNullable<Parts[Part]>>,
): Section<AutomationSource> {
  return ({ parts }) => {
    const source = parts[part];
    return source && section(source as NonNullable<Parts[Part]>);
  };
}
