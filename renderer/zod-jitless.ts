/** Imported before every schema: zod must not probe for `new Function`, which the content security policy forbids. */
import { config } from 'zod';

config({ jitless: true });
