import { useParams } from "@tanstack/react-router";

/** The application of the open page. */
export function useAppRef(): string {
  return useParams({ strict: false }).ref ?? "";
}
