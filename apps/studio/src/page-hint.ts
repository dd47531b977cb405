import { TEXTS } from './texts.js';

/** Matches a setting as the command line takes it, with quotes around it if there are any. */
const OPTION = /--set (['"]?)((?:\[[^\]]*\]|[^\s,;()'"])+)\1/g;

/** Rewrites a message for the command line: a page has no options, but a field for settings. */
export function toPageHint(text: string): string {
  const rewritten = text
    .replace(/^--set \S+?: /gm, '')
    .replace(OPTION, (_, _quote: string, setting: string) => {
      const [, value, end] = /^(.*?)([.:]?)$/.exec(setting) ?? ['', setting, ''];
      return `${value}${end}`;
    })
    .replace(/\s*Or train in Node: unitsphere train\./, '');
  if (rewritten === text) return text;
  return `${rewritten}${/[.?…]$/.test(rewritten) ? '' : '.'} ${TEXTS.train.settingHint}`;
}
