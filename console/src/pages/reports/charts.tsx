import { Area, AreaChart, CartesianGrid, Legend, Line, LineChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { tick, type Point } from "./series";

export interface Series {
  key: keyof Point & string;
  name: string;
  color: string;
}

interface Props {
  title: string;
  data: Point[];
  series: Series[];
  /** Areas on top of each other; lines without. */
  stacked?: boolean;
  days: boolean;
  format: (value: number) => string;
}

const AXIS = { stroke: "var(--line-strong)", tick: { fill: "var(--muted)", fontSize: 11 }, tickLine: false } as const;

/** A line needs two points to be seen. */
const sparse = (data: Point[], s: Series) => data.filter((p) => p[s.key] !== null).length < 12;

/** One chart of the page. Loaded when the page has something to draw. */
export default function Chart({ title, data, series, stacked, days, format }: Props) {
  const shared = (
    <>
      <CartesianGrid stroke="var(--line)" vertical={false} />
      <XAxis dataKey="at" type="number" domain={["dataMin", "dataMax"]} tickFormatter={(at: number) => tick(at, days)} minTickGap={48} {...AXIS} />
      <YAxis width={58} tickFormatter={format} axisLine={false} allowDecimals={false} {...AXIS} />
      <Tooltip
        isAnimationActive={false}
        labelFormatter={(at) => tick(Number(at), true)}
        formatter={(value, name) => [format(Number(value)), name]}
        contentStyle={{ background: "var(--panel)", border: "1px solid var(--line-strong)", borderRadius: 6, fontSize: 12 }}
        labelStyle={{ color: "var(--muted)" }}
        itemStyle={{ padding: 0 }}
      />
      {series.length > 1 && <Legend iconSize={8} wrapperStyle={{ fontSize: 12 }} />}
    </>
  );
  const margin = { top: 8, right: 12, bottom: 0, left: 0 };
  return (
    <div role="img" aria-label={title} className="h-56">
      <ResponsiveContainer width="100%" height="100%">
        {stacked ? (
          <AreaChart data={data} margin={margin}>
            {shared}
            {series.map((s) => (
              <Area key={s.key} dataKey={(p: Point) => p[s.key]} name={s.name} stackId="all" type="linear" stroke={s.color} fill={s.color} fillOpacity={0.25} isAnimationActive={false} />
            ))}
          </AreaChart>
        ) : (
          <LineChart data={data} margin={margin}>
            {shared}
            {series.map((s) => (
              <Line key={s.key} dataKey={(p: Point) => p[s.key]} name={s.name} type="linear" stroke={s.color} strokeWidth={1.8} dot={sparse(data, s) && { r: 2 }} connectNulls isAnimationActive={false} />
            ))}
          </LineChart>
        )}
      </ResponsiveContainer>
    </div>
  );
}
