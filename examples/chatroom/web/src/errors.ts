// What went wrong, in words a visitor understands.

import { t } from "./i18n/index.ts";
import { PictureError, UploadError } from "./picture.ts";

/** What PostgREST's client hands over. */
export interface ApiFailure {
  status: number;
  code: string;
  message: string;
}

/** The request may have been carried out although no answer came. */
export function isUncertain(failure: ApiFailure): boolean {
  return failure.status === 0 || failure.status >= 500;
}

/** Worth trying again by itself. */
export function isPassing(failure: ApiFailure): boolean {
  return isUncertain(failure) || failure.status === 408 || failure.status === 429;
}

/** The key, the application or its table is not there: trying again by itself cannot help. */
export function isRefusal(failure: ApiFailure): boolean {
  return failure.status === 401 || failure.status === 404;
}

export function describeFailure(failure: ApiFailure): string {
  const texts = t();
  if (failure.status === 0) return texts.errorNetwork;
  if (failure.status >= 500 || failure.status === 429) return texts.errorServer;
  if (failure.status === 401) return texts.errorKey;
  if (failure.code === "PGRST205" || failure.code === "42P01") return texts.errorMissingTable;
  if (failure.status === 404) return texts.errorUnknownApp;
  return texts.errorRejected(failure.message || String(failure.status));
}

export function describeError(error: unknown): string {
  const texts = t();
  if (error instanceof PictureError) {
    switch (error.problem) {
      case "type":
        return texts.errorPictureType;
      case "size":
        return texts.errorPictureSize;
      case "broken":
        return texts.errorPictureBroken;
    }
  }
  if (error instanceof UploadError) {
    return describeFailure({ status: error.status, code: "", message: error.message });
  }
  return texts.errorRejected(error instanceof Error ? error.message : String(error));
}
