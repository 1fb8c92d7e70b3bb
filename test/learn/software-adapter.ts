/**
 * A WebGPU adapter in software, for machines without a graphics card: the Vulkan driver that comes with the tests'
 * Chromium, unpacked into a folder of its own. Drivers are found when a process starts: whoever wants it starts a child
 * with `environment`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

export interface SoftwareAdapter {
  readonly environment: NodeJS.ProcessEnv;
  dispose(): void;
}

/** Undefined where the package is not installed or has no driver for this platform. */
export function unpackSoftwareAdapter(): SoftwareAdapter | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const archive = join(import.meta.dirname, '../../node_modules/@sparticuz/chromium/bin/swiftshader.tar.br');
  if (!existsSync(archive)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'takeover-vulkan-'));
  const dispose = () => rmSync(folder, { recursive: true, force: true });
  const input = brotliDecompressSync(readFileSync(archive));
  const { status, stderr } = spawnSync('tar', ['-x', '-C', folder], { input, encoding: 'utf8' });
  if (status !== 0) {
    dispose();
    throw new Error(`tar cannot unpack ${archive}: ${stderr}`);
  }
  const driver = join(folder, 'vk_swiftshader_icd.json');
  return {
    environment: { ...process.env, LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver },
    dispose,
  };
}
