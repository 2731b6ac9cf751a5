import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

/** Browsers end a page at some 17 to 33 million pixels; what is longer is scrolled on a scale. */
export const TALLEST = 12_000_000;

export interface Window {
  /** First row on screen, and one past the last. */
  first: number;
  last: number;
}

export interface TallScroll extends Window {
  /** Height of the element that holds the rows. */
  height: number;
  /** Where a row stands in that element, in pixels. */
  topOf: (row: number) => number;
  scrollTo: (row: number) => void;
}

/** How far rows, all of one height, may be scrolled, and how far the element that stands for them. */
export function scaleOf(count: number, rowHeight: number, view: number): { height: number; scale: number } {
  const full = count * rowHeight;
  const height = Math.min(full, TALLEST);
  return { height, scale: height > view ? (full - view) / (height - view) : 1 };
}

export function windowOf(top: number, view: number, count: number, rowHeight: number, overscan: number): Window {
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  return { first: Math.min(first, count), last: Math.min(count, Math.ceil((top + view) / rowHeight) + overscan) };
}

/**
 * Rows of one height in a scroller, however many there are. The scroll bar moves on a scale where
 * they are too many for a page; wheel and keys always move by their own pixels.
 */
export function useTallScroll(scroller: RefObject<HTMLElement | null>, count: number, rowHeight: number, head: number, overscan = 8): TallScroll {
  const [top, setTop] = useState(0);
  const [view, setView] = useState(600);
  const { height, scale } = scaleOf(count, rowHeight, view);
  const now = useRef({ top: 0, physical: 0, scale, view, full: count * rowHeight });
  now.current = { ...now.current, scale, view, full: count * rowHeight };

  const moveTo = useCallback(
    (wanted: number) => {
      const el = scroller.current;
      if (!el) return;
      const n = now.current;
      n.top = Math.max(0, Math.min(Math.max(0, n.full - n.view), wanted));
      el.scrollTop = n.top / n.scale;
      // What the browser made of it: the scroll event that follows says nothing new.
      n.physical = el.scrollTop;
      setTop(n.top);
    },
    [scroller],
  );

  useLayoutEffect(() => {
    const el = scroller.current;
    if (!el) return undefined;
    const measure = () => setView(Math.max(rowHeight, el.clientHeight - head));
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(el);
    return () => watch.disconnect();
  }, [scroller, head, rowHeight]);

  useEffect(() => {
    const el = scroller.current;
    if (!el) return undefined;
    const onScroll = () => {
      const n = now.current;
      if (Math.abs(el.scrollTop - n.physical) < 1) return;
      n.physical = el.scrollTop;
      n.top = el.scrollTop * n.scale;
      setTop(n.top);
    };
    const onWheel = (e: WheelEvent) => {
      const n = now.current;
      if (n.scale === 1 || e.deltaY === 0 || e.ctrlKey || e.shiftKey) return;
      e.preventDefault();
      moveTo(n.top + e.deltaY * (e.deltaMode === 1 ? rowHeight : e.deltaMode === 2 ? n.view : 1));
    };
    el.addEventListener("scroll", onScroll, { passive: true });
    el.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      el.removeEventListener("scroll", onScroll);
      el.removeEventListener("wheel", onWheel);
    };
  }, [scroller, moveTo, rowHeight]);

  const physical = top / scale;
  return {
    ...windowOf(top, view, count, rowHeight, overscan),
    height,
    topOf: (row) => row * rowHeight - top + physical,
    scrollTo: (row) => {
      const n = now.current;
      const at = row * rowHeight;
      if (at < n.top) moveTo(at);
      else if (at + rowHeight > n.top + n.view) moveTo(at + rowHeight - n.view);
    },
  };
}
