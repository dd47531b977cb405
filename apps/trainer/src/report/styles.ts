import { DARK, LIGHT } from './palette.js';

/** The page's style sheet: one column of text, plots in two columns on wide screens, light and dark. */
export const STYLES = `
:root { color-scheme: light dark; ${properties(LIGHT)} }
@media (prefers-color-scheme: dark) { :root { ${properties(DARK)} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums; text-rendering: optimizeLegibility;
}
main, header, footer { max-width: 1140px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 56px; }
.eyebrow { margin: 0 0 18px; color: var(--muted); font-size: 14px; }
.eyebrow strong { color: var(--ink); font-weight: 600; }
h1 { max-width: 23em; margin: 0; font-size: clamp(27px, 4.1vw, 44px); line-height: 1.15; letter-spacing: -0.022em; font-weight: 650; text-wrap: balance; }
h2 { margin: 0 0 6px; font-size: 25px; line-height: 1.25; letter-spacing: -0.014em; font-weight: 650; }
h3 { margin: 0 0 2px; font-size: 16px; line-height: 1.35; font-weight: 620; }
section { margin-top: 68px; }
section > p { max-width: 68ch; margin: 0 0 22px; color: var(--muted); }
.note { max-width: 84ch; margin: 14px 0 0; color: var(--muted); font-size: 14px; line-height: 1.5; }
.caution { max-width: 68ch; margin: 22px 0 0; padding: 10px 14px; border-radius: 8px; background: var(--caution-page); color: var(--caution); }
.bars { max-width: 760px; margin-top: 34px; }
.bar { display: grid; grid-template-columns: 118px 1fr 78px; gap: 14px; align-items: center; margin-top: 10px; }
.bar .name { color: var(--muted); font-size: 15px; }
.bar b { font-size: 19px; font-weight: 620; text-align: right; white-space: nowrap; }
.bar .track { height: 14px; border-radius: 7px; background: var(--rule); overflow: hidden; }
.bar .track span { display: block; height: 100%; border-radius: 7px; background: var(--untrained); }
.bar.trained .track span { background: var(--trained); }
.bar.untrained b { color: var(--muted); }
.facts { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 18px 28px; margin: 40px 0 0; padding: 20px 0; border: solid var(--rule); border-width: 1px 0; }
.facts dt, .machine dt { color: var(--muted); font-size: 13px; }
.facts dd, .machine dd { margin: 0; font-size: 17px; font-weight: 560; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { width: 100%; max-width: 760px; border-collapse: collapse; }
caption { text-align: left; color: var(--muted); padding-bottom: 10px; max-width: 68ch; }
th, td { padding: 10px 12px 10px 0; text-align: right; border-bottom: 1px solid var(--rule); font-weight: 400; vertical-align: baseline; white-space: nowrap; }
th:first-child { text-align: left; }
td:last-child, th:last-child { padding-right: 0; }
thead th { color: var(--muted); font-size: 13px; border-bottom-color: var(--axis); }
tbody td b, tfoot td b { font-weight: 650; color: var(--trained); }
tfoot th, tfoot td { border-bottom: 0; padding-bottom: 2px; }
td small { display: inline-block; width: 84px; color: var(--muted); font-size: 13px; }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 22px; margin-top: 22px; }
.plots > figure { margin: 0; padding: 18px 18px 16px; border: 1px solid var(--rule); border-radius: 12px; background: var(--card); min-width: 0; }
.plots svg { display: block; width: 100%; height: auto; margin: 8px 0 2px; }
.plots svg.narrow { display: none; }
figcaption { color: var(--muted); font-size: 14px; line-height: 1.5; }
.key { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0; padding: 0; list-style: none; color: var(--muted); font-size: 14px; }
.key i { display: inline-block; width: 20px; margin-right: 7px; border-top: 3px solid currentColor; vertical-align: 0.25em; }
.key i.dashed { border-top-style: dashed; }
img { display: block; width: 100%; height: auto; border-radius: 6px; background: var(--rule); }
.row { display: grid; grid-template-columns: 130px minmax(0, 1fr); gap: 16px; align-items: center; margin-top: 12px; }
.label { margin: 0; color: var(--muted); font-size: 14px; line-height: 1.35; overflow-wrap: anywhere; }
.strip { display: grid; grid-template-columns: repeat(10, minmax(0, 1fr)); gap: 8px; }
.search { display: grid; grid-template-columns: 130px minmax(0, 1fr); gap: 28px; align-items: start; margin-top: 22px; }
.query { margin: 0; }
.query figcaption { margin-top: 5px; line-height: 1.35; overflow-wrap: anywhere; }
.results { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 14px; margin: 0; padding: 0; list-style: none; font-size: 14px; }
.results img { border: 3px solid var(--right); border-radius: 9px; padding: 2px; background: none; }
.results .wrong img { border-color: var(--wrong); border-style: dashed; }
.results > li > span { display: block; margin-top: 5px; color: var(--muted); }
.mark { font-weight: 700; color: var(--right); }
.wrong .mark { color: var(--wrong); }
.pairs { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 40px; }
.mistakes { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 22px 24px; margin: 14px 0 0; padding: 0; list-style: none; font-size: 14px; color: var(--muted); }
.mistakes li { display: grid; grid-template-columns: 1fr 1fr; gap: 4px 6px; }
.mistakes li > span { grid-column: 1 / -1; }
details { border-top: 1px solid var(--rule); }
details:last-child { border-bottom: 1px solid var(--rule); }
summary { padding: 16px 2px; font-weight: 620; cursor: pointer; }
summary:focus-visible, pre:focus-visible { outline: 2px solid var(--trained); outline-offset: 2px; }
pre { margin: 0 0 20px; padding: 16px 18px; overflow-x: auto; border-radius: 10px; border: 1px solid var(--rule); background: var(--card); font: 13.5px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.machine { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 16px 28px; margin: 2px 0 24px; }
.machine dd { font-size: 15px; font-weight: 400; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { margin-top: 40px; padding-bottom: 56px; color: var(--muted); font-size: 14px; }
@media (max-width: 900px) {
  .plots, .pairs { grid-template-columns: minmax(0, 1fr); }
  .facts { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .results { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .strip { grid-template-columns: repeat(5, minmax(0, 1fr)); }
}
@media (max-width: 560px) {
  main, header, footer { padding-left: 18px; padding-right: 18px; }
  header { padding-top: 32px; }
  section { margin-top: 52px; }
  .bar { grid-template-columns: 112px 1fr 68px; gap: 10px; }
  .bar b { font-size: 17px; }
  .facts { grid-template-columns: 1fr 1fr; gap: 16px 18px; }
  th, td { padding-right: 10px; }
  td small { display: block; width: auto; }
  .plots { gap: 16px; }
  .plots > figure { margin: 0 -6px; padding: 14px 12px; }
  .plots svg.wide { display: none; }
  .plots svg.narrow { display: block; }
  .row { grid-template-columns: minmax(0, 1fr); gap: 5px; margin-top: 18px; }
  .search { grid-template-columns: 84px minmax(0, 1fr); gap: 14px; }
  .results { gap: 8px; }
  .mistakes { gap: 18px 16px; }
}
@media print {
  .plots > figure, .search, .row, .mistakes li { break-inside: avoid; }
  section { margin-top: 36px; }
}
`;

function properties(palette: Record<string, string>): string {
  return Object.entries(palette)
    .map(([name, color]) => `--${name}: ${color};`)
    .join(' ');
}
