/**
 * The four things that a batch does with an S3-compatible storage: write, read, list and remove.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { messageOf } from "../../../contract/errors.ts";
import { loadAws, loadXml } from "../../../deps.ts";
import type { S3Keys, S3Place } from "../../../fleet/s3_place.ts";
import { ClusterSilent } from "../ray_client.ts";

/** The storage does not answer, or refuses. It may do otherwise later: expired keys are renewed, servers come back. */
export class StorageRefused extends ClusterSilent {
  override name = "StorageRefused";

  /** @param mayChange Whether the same request may be answered in a moment. */
  constructor(message: string, readonly mayChange = false) {
    super(message);
  }
}

const TIMEOUT_MS = 60_000;
/** A server that is busy is asked again so often, within a few seconds. */
const RETRIES = 4;

/** A place in a storage. Everything needs network permission, and throws {@linkcode StorageRefused}. */
export class S3Client {
  /** @param pageKeys Keys of a page of a list; no storage gives more than 1000. */
  constructor(
    private readonly place: S3Place,
    private readonly keys: S3Keys,
    private readonly pageKeys = 1000,
  ) {}

  /** Writes an object, in place of what has its key. */
  async put(key: string, text: string): Promise<void> {
    await this.#ask(`write ${key}`, "PUT", this.#path(key), text);
  }

  /** An object's text; undefined where there is none. */
  async get(key: string): Promise<string | undefined> {
    return await this.#ask(`read ${key}`, "GET", this.#path(key), undefined, true);
  }

  /** Removes an object, which need not be there. */
  async remove(key: string): Promise<void> {
    await this.#ask(`remove ${key}`, "DELETE", this.#path(key), undefined, true);
  }

  /** The keys below a folder, which ends with a slash, relative to it and in order; all of them, page by page. */
  async list(folder: string): Promise<string[]> {
    const whole = `${this.place.prefix}${folder}`;
    const found: string[] = [];
    for (let after = "";;) {
      const query = new URLSearchParams({
        "list-type": "2",
        prefix: whole,
        "max-keys": String(this.pageKeys),
        ...(after === "" ? {} : { "start-after": after }),
      });
      const text = await this.#ask(`list ${folder}`, "GET", `/?${query}`);
      const { keys, more } = await pageOf(text!);
      found.push(
        ...keys.filter((key) => key.startsWith(whole)).map((key) => key.slice(whole.length)),
      );
      const last = keys.at(-1);
      if (!more || last === undefined || last <= after) return found;
      after = last;
    }
  }

  #path(key: string): string {
    const whole = `${this.place.prefix}${key}`;
    return `/${whole.split("/").map(encodeURIComponent).join("/")}`;
  }

  async #ask(
    what: string,
    method: string,
    path: string,
    body?: string,
    mayMiss = false,
  ): Promise<string | undefined> {
    const { bucket, url, region } = this.place;
    const { AwsClient } = await loadAws();
    const client = new AwsClient({ ...this.keys, region, service: "s3", retries: RETRIES });
    let response: Response;
    let text: string;
    try {
      response = await client.fetch(`${url}${path}`, {
        method,
        headers: { "x-amz-content-sha256": createHash("sha256").update(body ?? "").digest("hex") },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch (error) {
      const { origin } = new URL(url);
      throw new StorageRefused(`${origin} does not answer (${messageOf(error)})`, true);
    }
    if (response.ok) return text;
    const code = /<Code>(\w{1,60})<\/Code>/.exec(text)?.[1];
    if (code === "NoSuchBucket") {
      throw new StorageRefused(`there is no bucket "${bucket}" at ${new URL(url).origin}`);
    }
    if (response.status === 404 && mayMiss) return undefined;
    const why = code === undefined ? `${response.status}` : `${response.status}, ${code}`;
    throw new StorageRefused(
      response.status === 401 || response.status === 403
        ? `the storage does not let these keys ${what} in the bucket "${bucket}" (${why})`
        : `the storage did not ${what} in the bucket "${bucket}" (${why})`,
      response.status >= 500 || response.status === 429,
    );
  }
}

/** A page of a list. */
async function pageOf(text: string): Promise<{ keys: string[]; more: boolean }> {
  const { SaxesParser } = await loadXml();
  const parser = new SaxesParser({ position: false });
  const keys: string[] = [];
  const path: string[] = [];
  let [own, more] = ["", false];
  let broken: Error | undefined;
  parser.on("error", (error) => broken ??= error);
  parser.on("opentag", ({ name }) => {
    path.push(name);
    own = "";
  });
  parser.on("text", (piece) => own += piece);
  parser.on("closetag", () => {
    const place = path.join("/");
    if (place === "ListBucketResult/Contents/Key") keys.push(own);
    if (place === "ListBucketResult/IsTruncated") more = own.trim() === "true";
    path.pop();
  });
  parser.write(text).close();
  if (broken || !text.includes("ListBucketResult")) {
    throw new StorageRefused("the storage answers, but not as S3 does: its list is no list");
  }
  return { keys, more };
}
