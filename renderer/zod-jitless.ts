/**
 * Imported before every schema, because zod would probe for `new Function`, which the content security policy forbids.
 */
import { config } from 'zod';

config({ jitless: true });
