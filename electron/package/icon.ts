/** Draws the program's icon from its SVG: `node electron/package/icon.ts`. Run it again when the SVG changes. */
import { join } from 'node:path';
import sharp from 'sharp';

const from = join(import.meta.dirname, 'icon.svg');
const to = join(import.meta.dirname, '../icon.png');
await sharp(from, { density: 144 }).resize(512, 512).png({ compressionLevel: 9, palette: true }).toFile(to);
console.log(`${to} drawn`);
