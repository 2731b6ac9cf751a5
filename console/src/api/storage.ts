import i18n from "@/i18n";
import type { Upload } from "tus-js-client";
import { ApiError, seg } from "./client";
import { call, type Rest } from "./rest";

export interface Bucket {
  id: string;
  name: string;
  public: boolean;
  file_size_limit: number | null;
  allowed_mime_types: string[] | null;
  created_at: string;
}
export interface Entry {
  name: string;
  /** Folders have none. */
  id: string | null;
  updated_at: string | null;
  created_at: string | null;
  metadata: { size?: number; mimetype?: string } | null;
}

const JSON_TYPE = { "Content-Type": "application/json" };
export const objectPath = (path: string) => path.split("/").map(seg).join("/");

export const listBuckets = async (r: Rest) => (await (await call(r, "GET", "/storage/v1/bucket")).json()) as Bucket[];

export interface BucketDraft {
  id: string;
  public: boolean;
  file_size_limit: number | null;
  allowed_mime_types: string[] | null;
}
export const createBucket = (r: Rest, b: BucketDraft) => call(r, "POST", "/storage/v1/bucket", { headers: JSON_TYPE, body: JSON.stringify({ ...b, name: b.id }) });
export const updateBucket = (r: Rest, b: BucketDraft) => call(r, "PUT", `/storage/v1/bucket/${seg(b.id)}`, { headers: JSON_TYPE, body: JSON.stringify({ public: b.public, file_size_limit: b.file_size_limit, allowed_mime_types: b.allowed_mime_types }) });
export const emptyBucket = (r: Rest, id: string) => call(r, "POST", `/storage/v1/bucket/${seg(id)}/empty`, { headers: JSON_TYPE, body: "{}" });
export const deleteBucket = (r: Rest, id: string) => call(r, "DELETE", `/storage/v1/bucket/${seg(id)}`);

export async function listObjects(r: Rest, bucket: string, prefix: string, o: { search?: string; sort: { column: string; order: string }; limit: number; offset: number }): Promise<Entry[]> {
  const response = await call(r, "POST", `/storage/v1/object/list/${seg(bucket)}`, {
    headers: JSON_TYPE,
    body: JSON.stringify({ prefix, limit: o.limit, offset: o.offset, sortBy: o.sort, ...(o.search ? { search: o.search } : {}) }),
  });
  return (await response.json()) as Entry[];
}

export const removeObjects = (r: Rest, bucket: string, paths: string[]) => call(r, "DELETE", `/storage/v1/object/${seg(bucket)}`, { headers: JSON_TYPE, body: JSON.stringify({ prefixes: paths }) });
export const moveObject = (r: Rest, bucket: string, from: string, to: string) => call(r, "POST", "/storage/v1/object/move", { headers: JSON_TYPE, body: JSON.stringify({ bucketId: bucket, sourceKey: from, destinationKey: to }) });

export async function signObject(r: Rest, bucket: string, path: string, expiresIn: number): Promise<string> {
  const response = await call(r, "POST", `/storage/v1/object/sign/${seg(bucket)}/${objectPath(path)}`, { headers: JSON_TYPE, body: JSON.stringify({ expiresIn }) });
  return ((await response.json()) as { signedURL: string }).signedURL;
}

export const downloadObject = async (r: Rest, bucket: string, path: string) => (await call(r, "GET", `/storage/v1/object/authenticated/${seg(bucket)}/${objectPath(path)}`)).blob();

export interface ResumableOptions {
  upsert: boolean;
  onProgress: (part: number) => void;
  onDone: () => void;
  onError: (error: unknown) => void;
}

/** Bytes of one request of a resumable upload, as Supabase's own documentation has it. */
const CHUNK = 6 * 1024 * 1024;

/**
 * An upload by the TUS protocol that goes on where it stopped: after a lost connection by itself,
 * after a pause by `start`, and after the page was closed when the same file is chosen again.
 */
export async function resumableUpload(r: Rest, bucket: string, path: string, file: File, o: ResumableOptions): Promise<Upload> {
  const tus = await import("tus-js-client");
  const upload = new tus.Upload(file, {
    endpoint: `/apps/${seg(r.ref)}/storage/v1/upload/resumable`,
    headers: { apikey: r.key, authorization: `Bearer ${r.key}`, ...(o.upsert ? { "x-upsert": "true" } : {}) },
    metadata: { bucketName: bucket, objectName: path, contentType: file.type || "application/octet-stream" },
    chunkSize: CHUNK,
    uploadDataDuringCreation: true,
    removeFingerprintOnSuccess: true,
    retryDelays: [0, 1000, 3000, 5000, 10_000],
    fingerprint: (f) => Promise.resolve(["hearth", r.ref, bucket, path, f instanceof File ? `${f.size}-${f.lastModified}` : ""].join(":")),
    onProgress: (sent, total) => o.onProgress(total > 0 ? sent / total : 1),
    onSuccess: () => o.onDone(),
    onError: (error) => o.onError(refusalOf(error)),
  });
  const [earlier] = await upload.findPreviousUploads();
  if (earlier) upload.resumeFromPreviousUpload(earlier);
  upload.start();
  return upload;
}

function refusalOf(error: Error | { originalResponse?: { getStatus(): number; getBody(): string } | null; message: string }): unknown {
  const response = "originalResponse" in error ? error.originalResponse : null;
  if (!response) return new ApiError(0, "unreachable", i18n.t("error.unreachable"), i18n.t("error.unreachableHint"));
  return refusal(response.getStatus(), response.getBody());
}

/** What the storage service answered, as an error. */
function refusal(status: number, text: string): ApiError {
  try {
    const body = JSON.parse(text) as { message?: string; error?: string; statusCode?: string };
    return new ApiError(Number(body.statusCode) || status, body.error ?? String(status), body.message ?? `HTTP ${status}`);
  } catch {
    return new ApiError(status, String(status), text.length > 0 && text.length < 300 ? text : `HTTP ${status}`);
  }
}

/** An upload with progress, which fetch does not tell. */
export function uploadObject(r: Rest, bucket: string, path: string, file: File, onProgress: (part: number) => void, signal: AbortSignal, upsert = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", `/apps/${seg(r.ref)}/storage/v1/object/${seg(bucket)}/${objectPath(path)}`);
    xhr.setRequestHeader("apikey", r.key);
    xhr.setRequestHeader("Authorization", `Bearer ${r.key}`);
    xhr.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    if (upsert) xhr.setRequestHeader("x-upsert", "true");
    xhr.upload.onprogress = (e) => e.lengthComputable && onProgress(e.loaded / e.total);
    xhr.onload = () => {
      if (xhr.status < 300) return resolve();
      reject(refusal(xhr.status, xhr.responseText));
    };
    xhr.onerror = () => reject(new ApiError(0, "unreachable", i18n.t("error.unreachable"), i18n.t("error.unreachableHint")));
    xhr.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal.addEventListener("abort", () => xhr.abort());
    xhr.send(file);
  });
}
