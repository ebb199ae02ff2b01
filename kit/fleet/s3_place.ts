/**
 * A place in an S3-compatible storage, as `--storage s3://BUCKET/PREFIX` and the usual variables of AWS say it.
 *
 * @module
 */

import { UsageError } from "../contract/errors.ts";

/** A place. It holds no secret: jobs are told it in their order. */
export interface S3Place {
  readonly bucket: string;
  /** Begins every key; empty, or with a slash at its end. */
  readonly prefix: string;
  /** URL of the bucket, without a slash at its end. */
  readonly url: string;
  readonly region: string;
}

/** Whose requests they are. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Variables that hold them: the environment of a job has these, and nothing else of a batch has. */
export const KEY_VARIABLES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
] as const;

/** Whether `--storage` names such a place, well or badly. */
export function isS3(storage: string): boolean {
  return /^s3:/i.test(storage);
}

/** Whether `--storage` is a path, and no address of whatever. */
export function isPath(storage: string): boolean {
  return !isS3(storage) && !/^[a-z][\w+.-]*:\/\//i.test(storage);
}

/**
 * The place.
 *
 * @param endpoint Address of a storage that is not Amazon's.
 * @throws {UsageError} where an address is none.
 */
export function s3PlaceOf(
  storage: string,
  endpoint: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): S3Place {
  const [, bucket, rest = ""] = /^s3:\/\/([\w.-]{3,255})(?:\/(.*))?$/s.exec(storage) ?? [];
  const parts = rest.replace(/\/$/, "").split("/");
  const odd = parts.some((part) => /^\.{1,2}$|[?#\\\p{Cc}]/u.test(part)) ||
    (parts.length > 1 && parts.includes(""));
  if (bucket === undefined || odd) {
    throw new UsageError(
      "Cannot run sweep-all: --storage is no place in a bucket; give it as s3://BUCKET/PREFIX, and keys in " +
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  }
  const region = env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || "us-east-1";
  const prefix = rest === "" ? "" : `${rest.replace(/\/$/, "")}/`;
  return { bucket, prefix, url: bucketUrl(bucket, endpoint, region), region };
}

function bucketUrl(bucket: string, endpoint: string | undefined, region: string): string {
  if (endpoint === undefined) {
    // A dot in the bucket's name would not fit Amazon's certificate.
    return bucket.includes(".")
      ? `https://s3.${region}.amazonaws.com/${bucket}`
      : `https://${bucket}.s3.${region}.amazonaws.com`;
  }
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const bare = url && url.username === "" && url.password === "" && url.search === "" &&
    url.hash === "";
  if (!bare || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      "Cannot run sweep-all: --storage-endpoint or AWS_ENDPOINT_URL is no address of a storage; give one as " +
        "https://HOST:9000, without a name and a password",
    );
  }
  return `${url.href.replace(/\/+$/, "")}/${bucket}`;
}

/**
 * The keys; undefined where there are none.
 *
 * @param env Holds {@linkcode KEY_VARIABLES}.
 */
export function s3KeysOf(env: Readonly<Record<string, string | undefined>>): S3Keys | undefined {
  const [accessKeyId, secretAccessKey, sessionToken] = KEY_VARIABLES.map((name) => env[name]);
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** The variables of some keys, for a job's environment. */
export function keyVariables(keys: S3Keys): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
  };
}

/**
 * The keys of an environment.
 *
 * @throws {UsageError} where there are none.
 */
export function neededKeys(env: Readonly<Record<string, string>>): S3Keys {
  const keys = s3KeysOf(env);
  if (keys) return keys;
  throw new UsageError(
    `Cannot run sweep-all: --storage is in a bucket, and ${KEY_VARIABLES[0]} and ${
      KEY_VARIABLES[1]
    } are ` +
      "not set; set both (aws configure export-credentials --format env prints those of a profile)",
  );
}
