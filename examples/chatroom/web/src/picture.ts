// A picture on its way: made smaller where it is huge, then uploaded with progress.

import type { Connection } from "./config.ts";

export interface PreparedPicture {
  blob: Blob;
  width: number;
  height: number;
  extension: string;
}

export type PictureProblem = "type" | "size" | "broken";

export class PictureError extends Error {
  constructor(readonly problem: PictureProblem) {
    super(problem);
  }
}

export class UploadError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

const EXTENSIONS: Record<string, string> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
};

const LONGEST_SIDE = 1920;
const LIGHT = 1024 * 1024;
const LIMIT = 10 * 1024 * 1024;

export async function preparePicture(file: Blob): Promise<PreparedPicture> {
  if (!file.type.startsWith("image/")) throw new PictureError("type");
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new PictureError("broken");
  }
  try {
    const { width, height } = bitmap;
    const extension = EXTENSIONS[file.type];
    const small = Math.max(width, height) <= LONGEST_SIDE && file.size <= LIGHT;
    // A GIF may move; a canvas would freeze it.
    if (extension && (small || file.type === "image/gif")) {
      if (file.size > LIMIT) throw new PictureError("size");
      return { blob: file, width, height, extension };
    }
    return await shrink(bitmap);
  } finally {
    bitmap.close();
  }
}

async function shrink(bitmap: ImageBitmap): Promise<PreparedPicture> {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (!context) throw new PictureError("broken");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", 0.86);
  });
  if (!blob) throw new PictureError("broken");
  if (blob.size > LIMIT) throw new PictureError("size");
  return { blob, width: canvas.width, height: canvas.height, extension: "jpg" };
}

export function picturePath(extension: string): string {
  return `chat/${new Date().toISOString().slice(0, 10)}/${randomId()}.${extension}`;
}

/** Works on plain http too, where `crypto.randomUUID` is missing. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function pictureUrl(connection: Connection, path: string): string {
  return `${connection.url}/storage/v1/object/public/images/${path}`;
}

/**
 * Uploads by XMLHttpRequest, because `fetch` cannot tell how far an upload has come. The name is
 * random: that it exists already means that an earlier try got through although its answer was lost.
 */
export function upload(
  connection: Connection,
  path: string,
  blob: Blob,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${connection.url}/storage/v1/object/images/${path}`);
    request.setRequestHeader("apikey", connection.key);
    request.setRequestHeader("authorization", `Bearer ${connection.key}`);
    request.setRequestHeader("content-type", blob.type);
    request.setRequestHeader("cache-control", "max-age=31536000");
    request.setRequestHeader("x-upsert", "false");
    request.timeout = 120_000;
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) return resolve();
      const body = readError(request.responseText);
      if (body.statusCode === "409" || request.status === 409) return resolve();
      reject(new UploadError(body.message, request.status));
    });
    const lost = () => reject(new UploadError("", 0));
    request.addEventListener("error", lost);
    request.addEventListener("timeout", lost);
    request.addEventListener("abort", lost);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(blob);
  });
}

function readError(text: string): { message: string; statusCode: string } {
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    return { message: String(body["message"] ?? ""), statusCode: String(body["statusCode"] ?? "") };
  } catch {
    return { message: "", statusCode: "" };
  }
}
