import { useQueryClient } from "@tanstack/react-query";
import { pgQuery } from "@/api/pg";
import { useFeedback } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";

/** Runs SQL, tells how it went, and has everything read anew that stands on the database. */
export function useAct(): (sql: string, done: string) => Promise<boolean> {
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast, fail } = useFeedback();
  return async (sql, done) => {
    try {
      await pgQuery(ref, sql);
      toast(done);
      return true;
    } catch (error) {
      fail(error);
      return false;
    } finally {
      await client.invalidateQueries({ queryKey: ["pg", ref] });
    }
  };
}
