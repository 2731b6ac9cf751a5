import i18n from "@/i18n";

/** What a server refused, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint?: string,
    readonly details?: string,
    readonly position?: number,
  ) {
    super(message);
  }
}

let onSignedOut: () => void = () => undefined;

/** Called when the session has ended under an open page. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

function text(value: unknown): string | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Reads the error forms of the console's API, PostgREST, GoTrue and storage alike. */
export async function toError(response: Response): Promise<ApiError> {
  const raw = await response.text().catch(() => "");
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(raw);
    if (typeof parsed === "object" && parsed !== null) body = parsed as Record<string, unknown>;
  } catch {
    // Not JSON: the status line says what can be said.
  }
  const message =
    text(body["message"]) ??
    text(body["msg"]) ??
    text(body["error_description"]) ??
    text(body["error"]) ??
    (raw.length > 0 && raw.length < 300 ? raw : `HTTP ${response.status} ${response.statusText}`.trim());
  const position = Number(body["position"]);
  return new ApiError(
    response.status,
    text(body["code"]) ?? text(body["error_code"]) ?? String(response.status),
    message,
    text(body["hint"]),
    text(body["details"]) ?? text(body["detail"]),
    Number.isFinite(position) && position > 0 ? position : undefined,
  );
}

/** fetch that turns a broken connection into an ApiError with words. */
export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "unreachable", i18n.t("error.unreachable"), i18n.t("error.unreachableHint"));
  }
  if (response.ok) return response;
  throw await toError(response);
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One call of the console's own API. */
export async function api<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = {
    Accept: "application/json",
    "Accept-Language": i18n.language,
  };
  if (method !== "GET") headers["X-Hearth-Console"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const response = await request(`/console/api${path}`, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
    if (response.status === 204) return undefined as T;
    const raw = await response.text();
    return (raw === "" ? undefined : JSON.parse(raw)) as T;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401 && error.code === "not_signed_in") onSignedOut();
    throw error;
  }
}

export const seg = encodeURIComponent;
