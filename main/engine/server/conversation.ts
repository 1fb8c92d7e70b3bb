/**
 * The conversation with a window: hello with a code or token first, then subscriptions and calls. Every message is
 * parsed. A malformed one is refused in words, or the connection is closed.
 */
import type { Clock } from '../../api/clock.ts';
import { messageOf, remedyOf } from '../../api/error-words.ts';
import { CALLS, type CallName, CLOSE_CODES } from '../../api/window/messages.ts';
import type { Engine } from '../engine.ts';
import { type Answer, refused } from '../services.ts';
import type { Access } from './access.ts';
import type { Client, Clients } from './clients.ts';
import type { Controls } from './controls.ts';
import { type Caller, FREE_CALLS, type Handlers } from './handlers.ts';
import { type ClientMessage, explain, MAX_UNANSWERED, parseMessage } from './incoming.ts';

/** Calls that are accepted however many calls of a window wait for an answer. */
const ALWAYS_TAKEN: ReadonlySet<CallName> = new Set(['control.stop', 'input.heartbeat', 'controls.release']);

type Hello = Extract<ClientMessage, { kind: 'hello' }>;
type Call = Extract<ClientMessage, { kind: 'call' }>;

interface ConversationOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly access: Access;
  readonly clients: Clients;
  readonly controls: Controls;
  readonly handlers: Handlers;
}

/** Returns the function that handles one text of a window. An error in it affects only that window. */
export function createConversation(options: ConversationOptions): (client: Client, raw: string) => void {
  return (client, raw) => {
    try {
      handleText(options, client, raw);
    } catch (error) {
      const reason = `This message could not be handled: ${messageOf(error)}`;
      options.clients.dismiss(client, CLOSE_CODES.malformed, reason);
    }
  };
}

function handleText(options: ConversationOptions, client: Client, raw: string) {
  const { clock, clients, controls } = options;
  if (client.dismissed) return;
  if (!client.budget.take(clock.nowMs()))
    return clients.dismiss(client, CLOSE_CODES.flooded, 'Too many messages at once: the engine closed this window.');
  const parsed = parseMessage(raw);
  if (parsed.kind === 'malformed') {
    const { id, message } = parsed;
    if (client.admitted && id !== undefined)
      return clients.send(client, { kind: 'refusal', id, message, remedy: 'Reload the window.' });
    return clients.dismiss(client, CLOSE_CODES.malformed, message);
  }
  const message = parsed.value;
  if (message.kind === 'hello') return welcome(options, client, message);
  if (!client.admitted)
    return clients.dismiss(client, CLOSE_CODES.badToken, 'The first message must be hello with a code or a token.');
  controls.beat(client.id);
  switch (message.kind) {
    case 'subscribe':
      return client.streams.subscribe(message.streams, message.maxHz);
    case 'call':
      return answer(options, client, message);
    default:
      message satisfies never;
  }
}

function welcome({ engine, access, clients, controls }: ConversationOptions, client: Client, hello: Hello) {
  if (client.admitted)
    return clients.dismiss(client, CLOSE_CODES.malformed, 'hello is the first message, and said once.');
  const token = access.admit(hello);
  if (token === undefined)
    return clients.dismiss(
      client,
      CLOSE_CODES.badToken,
      'Unknown code or token: open the URL that the engine printed.',
    );
  client.admitted = true;
  controls.beat(client.id);
  clients.send(client, { kind: 'welcome', token, clientId: client.id, protocol: 1 });
  clients.send(client, { kind: 'rig', rig: engine.rig() });
  clients.sendStatus(client);
  engine.windowsChanged(clients.admitted());
}

function answer(options: ConversationOptions, client: Client, { id, name, parameters }: Call): void {
  const { clients } = options;
  client.unanswered++;
  resultOf(options, client, name, parameters)
    .catch((error: unknown) =>
      refused(
        `${name} failed: ${messageOf(error)}`,
        remedyOf(error) ?? 'Try again; restart the engine if it stays so.',
      ),
    )
    .then((result) => {
      client.unanswered--;
      if (!clients.has(client) || client.dismissed) return;
      if (result.kind === 'done') clients.send(client, { kind: 'answer', id, result: result.value });
      else clients.send(client, { kind: 'refusal', id, message: result.message, remedy: result.remedy });
    })
    // The answer cannot be written as JSON, or the socket fails: the window connects anew.
    .catch(() => client.socket.terminate());
}

async function resultOf(
  { controls, handlers }: ConversationOptions,
  client: Client,
  name: CallName,
  parameters: unknown,
): Promise<Answer<unknown>> {
  if (client.unanswered > MAX_UNANSWERED && !ALWAYS_TAKEN.has(name))
    return refused(
      `${MAX_UNANSWERED} calls of this window wait for their answer already.`,
      'Wait for them, then ask again.',
    );
  const parsed = CALLS[name].parameters.safeParse(parameters);
  if (!parsed.success)
    return refused(`${name}: ${explain(parsed.error.issues)}`, 'Send parameters of the shape in messages.ts.');
  if (!FREE_CALLS.has(name)) {
    if (controls.holder() === undefined) controls.claim(client.id);
    if (controls.holder() !== client.id)
      return refused(
        'Another window holds the controls.',
        'Press "Take the controls" here first; Stop works from everywhere.',
      );
  }
  // The compiler cannot follow a name through the table. The schema of this very name has just checked the parameters.
  const handler = handlers[name] as (parameters: unknown, caller: Caller) => Answer<unknown> | Promise<Answer<unknown>>;
  return handler(parsed.data, client);
}
