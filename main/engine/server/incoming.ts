/**
 * Checks what a window may send. Size, nesting and rate are limited before anything is parsed. A refusal names what is
 * malformed. Nothing here throws.
 */
import type { z } from 'zod';
import { parseBoundedJson } from '../../api/processes/bounded-json.ts';
import { clientMessageSchema } from '../../api/window/messages.ts';

/** Maximum size of one message, as the socket reads it. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/** Maximum number of calls of one window that wait for an answer. Stop and heartbeats are accepted beyond it. */
export const MAX_UNANSWERED = 64;
/** Messages per second that a window may send. A window that drives sends about 100. */
const MESSAGES_PER_SEC = 500;
/** Number of messages accepted at once after a quiet time. */
const BURST = 2000;

export type ClientMessage = z.output<typeof clientMessageSchema>;

type Parsed =
  | { readonly kind: 'message'; readonly value: ClientMessage }
  | { readonly kind: 'malformed'; readonly message: string; readonly id: number | undefined };

export function parseMessage(raw: string): Parsed {
  const json = parseBoundedJson(raw);
  if (json.kind === 'refused') return { kind: 'malformed', message: json.message, id: undefined };
  const { value } = json;
  const parsed = clientMessageSchema.safeParse(value);
  if (parsed.success) return { kind: 'message', value: parsed.data };
  const id =
    typeof value === 'object' && value !== null && 'id' in value && Number.isSafeInteger(value.id)
      ? Number(value.id)
      : undefined;
  return { kind: 'malformed', message: `Malformed message: ${explain(parsed.error.issues)}`, id };
}

/** Describes the first three issues of a schema, each with its path. */
export function explain(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): string {
  return issues
    .slice(0, 3)
    .map((issue) => (issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ${issue.message}` : issue.message))
    .join('; ');
}

export type MessageBudget = ReturnType<typeof createMessageBudget>;

/** A bucket of `BURST` messages that fills at `MESSAGES_PER_SEC`. */
export function createMessageBudget(nowMs: number) {
  let left = BURST;
  let filledMs = nowMs;
  return {
    /** Takes one message from the budget; false when it is spent. */
    take: (timeMs: number) => {
      left = Math.min(BURST, left + ((timeMs - filledMs) / 1000) * MESSAGES_PER_SEC);
      filledMs = timeMs;
      if (left < 1) return false;
      left--;
      return true;
    },
  };
}
