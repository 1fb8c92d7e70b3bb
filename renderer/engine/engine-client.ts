/**
 * The WebSocket to the engine: hello, typed calls, subscriptions, binary streams, and reconnection with back-off.
 * Each message is parsed with the contract's schemas. One that does not parse is reported and dropped, never thrown.
 */
import { RemediedError } from '../../main/api/error-words.ts';
import {
  CALLS,
  type CallName,
  type CallParameters,
  type CallResult,
  CLOSE_CODES,
  type ClientMessage,
  type Clock,
  type ServerMessage,
  serverMessageSchema,
} from '../../main/api/index.ts';
import type { Session } from './session.ts';

export type LinkState =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** The link is lost. The next attempt is at `retryAtMs` on the client's clock. */
  | { readonly state: 'lost'; readonly retryAtMs: number; readonly attempt: number }
  /** The engine refused this window, which makes no further attempt by itself. */
  | { readonly state: 'refused'; readonly reason: string; readonly remedy: string };

/** A call that was refused or not answered. */
export class CallError extends RemediedError {
  readonly linkLost: boolean;
  constructor(message: string, remedy: string, linkLost = false) {
    super(message, remedy);
    this.linkLost = linkLost;
  }
}

/** Throws every error but a `CallError`. For calls whose refusal is not shown. */
export function ignoreRefusal(error: unknown): asserts error is CallError {
  if (!(error instanceof CallError)) throw error;
}

interface EngineClientOptions {
  readonly url: string;
  readonly session: Session;
  readonly clock: Clock;
  readonly openSocket: (url: string) => WebSocket;
  readonly onLink: (link: LinkState) => void;
  readonly onMessage: (message: ServerMessage) => void;
  readonly onStream: (bytes: Uint8Array) => void;
  readonly onMalformed: (what: string) => void;
}

interface Waiting {
  readonly name: CallName;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: CallError) => void;
  readonly cancelTimeout: () => void;
}
const ANSWER_WITHIN_MS = 10_000;

/** Returns the wait before an attempt: 0.25 s, 0.5 s, 1 s, 2 s, then 4 s each time. */
export function backoffMs(attempt: number): number {
  return Math.min(4000, 250 * 2 ** Math.max(0, attempt - 1));
}

export class EngineClient {
  private readonly options: EngineClientOptions;
  private readonly waiting = new Map<number, Waiting>();
  private socket: WebSocket | undefined;
  private welcomed = false;
  private nextId = 0;
  private attempt = 0;
  private cancelRetry = () => {};
  private wanted: { readonly streams: readonly string[]; readonly maxHz: number } = { streams: [], maxHz: 30 };

  constructor(options: EngineClientOptions) {
    this.options = options;
  }

  /** Connects anew. An earlier socket is dropped. */
  start(): void {
    this.cancelRetry();
    this.drop();
    this.failAll('The link to the engine is made anew.', 'Try again when the bar says who drives.');
    this.options.onLink({ state: 'connecting' });
    const socket = this.options.openSocket(this.options.url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onopen = () => this.send({ kind: 'hello', ...this.options.session.credentials() });
    socket.onmessage = (event: MessageEvent<unknown>) => this.receive(event.data);
    socket.onclose = (event) => this.closed(socket, event.code);
  }

  dispose(): void {
    this.cancelRetry();
    this.drop();
    this.failAll('The window was closed.', '');
  }

  /** Closes the socket and ignores its later events, because they say nothing about the next link. */
  private drop(): void {
    const socket = this.socket;
    this.socket = undefined;
    this.welcomed = false;
    if (!socket) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  /** Sets the streams that the engine sends and their highest rate. Repeated after every reconnection. */
  subscribe(streams: readonly string[], maxHz: number): void {
    this.wanted = { streams, maxHz };
    if (this.welcomed) this.send({ kind: 'subscribe', streams: [...streams], maxHz });
  }

  call<Name extends CallName>(name: Name, parameters: CallParameters<Name>): Promise<CallResult<Name>> {
    if (!this.welcomed)
      return Promise.reject(
        new CallError('There is no link to the engine.', 'The window tries again by itself.', true),
      );
    const id = this.nextId++;
    const { clock } = this.options;
    return new Promise<CallResult<Name>>((resolve, reject) => {
      const cancelTimeout = clock.at(clock.nowMs() + ANSWER_WITHIN_MS, () => {
        this.waiting.delete(id);
        reject(new CallError(`The engine did not answer ${name} within 10 s.`, 'See the engine’s own output.'));
      });
      // The call's own schema has parsed the result. The compiler cannot see that the name determines the type.
      const settle = (result: unknown) => resolve(result as CallResult<Name>);
      this.waiting.set(id, { name, resolve: settle, reject, cancelTimeout });
      this.send({ kind: 'call', id, name, parameters });
    });
  }

  private send(message: ClientMessage): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private receive(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      try {
        this.options.onStream(new Uint8Array(data));
      } catch (error) {
        this.options.onMalformed(error instanceof Error ? error.message : 'unreadable stream message');
      }
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(String(data));
    } catch {
      this.options.onMalformed('a text message that is not JSON');
      return;
    }
    const parsed = serverMessageSchema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      this.options.onMalformed(`${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'not of this protocol'}`);
      return;
    }
    const message = parsed.data;
    if (message.kind === 'welcome') this.welcome(message.token);
    else if (message.kind === 'answer') this.answer(message.id, message.result);
    else if (message.kind === 'refusal') this.take(message.id)?.reject(new CallError(message.message, message.remedy));
    this.options.onMessage(message);
  }

  private welcome(token: string): void {
    this.options.session.welcomed(token);
    this.welcomed = true;
    this.attempt = 0;
    this.options.onLink({ state: 'open' });
    this.subscribe(this.wanted.streams, this.wanted.maxHz);
  }

  private take(id: number): Waiting | undefined {
    const entry = this.waiting.get(id);
    this.waiting.delete(id);
    entry?.cancelTimeout();
    return entry;
  }

  private answer(id: number, result: unknown): void {
    const entry = this.take(id);
    if (!entry) return;
    const parsed = CALLS[entry.name].result.safeParse(result);
    if (parsed.success) entry.resolve(parsed.data);
    else
      entry.reject(
        new CallError(
          `The engine’s answer to ${entry.name} cannot be read.`,
          'Engine and window may differ in version.',
        ),
      );
  }

  private failAll(message: string, remedy: string): void {
    for (const id of [...this.waiting.keys()]) this.take(id)?.reject(new CallError(message, remedy, true));
  }

  private closed(socket: WebSocket, code: number): void {
    if (this.socket !== socket) return;
    this.socket = undefined;
    this.welcomed = false;
    this.failAll('The link to the engine was lost.', 'The window tries again by itself.');
    const refused = (reason: string, remedy: string) => this.options.onLink({ state: 'refused', reason, remedy });
    if (code === CLOSE_CODES.badToken) {
      this.options.session.refused();
      const { code: again, token } = this.options.session.credentials();
      if (!again && !token)
        return void refused(
          'This address has been used already, or the engine has started anew.',
          'Open the address that the engine printed last.',
        );
    }
    if (code === CLOSE_CODES.badOrigin)
      return void refused('The engine does not accept pages from here.', 'Open the address that the engine printed.');
    this.attempt++;
    const { clock } = this.options;
    const retryAtMs = clock.nowMs() + backoffMs(this.attempt);
    this.options.onLink({ state: 'lost', retryAtMs, attempt: this.attempt });
    this.cancelRetry = clock.at(retryAtMs, () => this.start());
  }
}
