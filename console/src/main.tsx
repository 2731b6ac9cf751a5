import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError, whenSignedOut } from "./api/client";
import { forget } from "./api/session";
import { FeedbackProvider } from "./components/ui/feedback";
import "./i18n";
import { watchTheme } from "./lib/prefs";
import { router } from "./router";
import "./styles.css";

watchTheme();

const client = new QueryClient({
  queryCache: new QueryCache(),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refused stays refused; only a lost connection is tried again.
      retry: (n, error) => n < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
    },
  },
});
whenSignedOut(() => forget(client));

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <FeedbackProvider>
          <RouterProvider router={router} />
        </FeedbackProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
