import type { z } from 'zod';
import { nearest } from '../nearest.js';
import { keyPaths, keysOf } from './key-paths.js';
import { listWords } from './list-words.js';
import { roundLimit } from './registry-settings.js';
import { configSchema } from './schema.js';

/** A problem of a config: its place and a message. */
export interface Issue {
  path: readonly (string | number)[];
  message: string;
  /** Whether the key itself is wrong, rather than its value. */
  key?: boolean;
}

/**
 * Converts zod's issues to ours, with messages for users.
 * @param schema The schema of the settings, whose keys are suggested for unknown ones.
 */
export function toIssues(error: z.ZodError, schema: z.ZodType = configSchema): Issue[] {
  return error.issues.flatMap((issue) => explain(issue, [], schema));
}

function explain(issue: z.core.$ZodIssue, above: readonly (string | number)[], schema: z.ZodType): Issue[] {
  const path = [...above, ...(issue.path as (string | number)[])];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: unknownKey(path, key, schema),
        key: true,
      }));
    case 'invalid_union':
      return explainUnion(issue, path, schema);
    case 'invalid_value':
      return [{ path, message: unknownChoice(issue.input, issue.values as (string | number)[]) }];
    case 'invalid_type': {
      const expected = TYPES[issue.expected] ?? issue.expected;
      const message =
        issue.input === undefined
          ? `is missing: ${expected}`
          : `expected ${expected}, not ${show(issue.input)}`;
      return [{ path, message }];
    }
    case 'too_small':
      return [{ path, message: outOfRange(issue, issue.minimum, issue.inclusive ? 'at least' : 'above') }];
    case 'too_big':
      return [{ path, message: outOfRange(issue, issue.maximum, issue.inclusive ? 'at most' : 'below') }];
    case 'not_multiple_of':
      return [{ path, message: `must be a multiple of ${issue.divisor}, not ${show(issue.input)}` }];
    default:
      return [
        {
          path,
          message: `${path.at(-1) === 'name' ? 'must be a folder name' : 'is not valid'}: ${show(issue.input)}`,
        },
      ];
  }
}

/** Explains the issues of a setting that may be a switch or a section, by the kind that was given. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: (string | number)[],
  schema: z.ZodType,
): Issue[] {
  const input = issue.input;
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    const section = issue.errors.find((e) => e.every((i) => i.code !== 'invalid_type' || i.path.length > 0));
    if (section) return section.flatMap((inner) => explain(inner, path, schema));
  }
  return [{ path, message: `expected true, false or a section of settings, not ${show(input)}` }];
}

function unknownKey(path: readonly (string | number)[], key: string, schema: z.ZodType): string {
  const siblings = keysOf(path, schema);
  const near = nearest(key, siblings);
  if (near) return `unknown key; did you mean ${[...path, near].join('.')}?`;
  const elsewhere = keyPaths(schema).find((other) => other.at(-1) === key);
  if (elsewhere) return `unknown key here; did you mean ${elsewhere.join('.')}?`;
  return `unknown key; ${path.length ? path.join('.') : 'a config'} has the keys ${siblings.join(', ')}`;
}

function unknownChoice(input: unknown, values: (string | number)[]): string {
  if (input === undefined) return `is missing; choose ${listWords(values, 'or')}`;
  const near = typeof input === 'string' ? nearest(input, values.map(String)) : undefined;
  const guess = near ? `did you mean ${near}? ` : '';
  const given = typeof input === 'string' ? `"${input}"` : show(input);
  return `${given} is not a choice; ${guess}${near ? `(${values.join(', ')})` : `choose ${listWords(values, 'or')}`}`;
}

function outOfRange(
  issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig,
  limit: number | bigint,
  words: string,
): string {
  if (issue.origin === 'string') return 'is empty';
  if (issue.origin === 'array') return `expected a list of ${limit}, not ${show(issue.input)}`;
  return `must be ${words} ${roundLimit(Number(limit))}, not ${show(issue.input)}`;
}

const TYPES: Record<string, string> = {
  number: 'a number',
  int: 'an integer',
  string: 'a text',
  boolean: 'true or false',
  object: 'a section of settings',
  array: 'a list',
  tuple: 'a list',
};

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (null)';
  if (typeof value === 'string') return `the text "${value}"`;
  if (typeof value === 'object')
    return Array.isArray(value) ? `the list ${JSON.stringify(value)}` : 'a section';
  return String(value);
}
