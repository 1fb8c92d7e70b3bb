/**
 * Decides which banners are shown over the scene, gravest first. A condition that stops the arm, or keeps a person from
 * seeing or driving it, is a banner. Pure.
 */
import { liveStatus, type useEngine } from '../../state/engine-store.ts';

export type BannerKind = 'link' | 'fault' | 'hold' | 'claim' | 'scene' | 'replay';

export function bannersOf(
  engine: ReturnType<typeof useEngine.getState>,
  window: { readonly replaying: boolean; readonly sceneBroken: boolean },
): readonly BannerKind[] {
  const status = liveStatus(engine);
  const kinds: BannerKind[] = [];
  if (engine.link.state !== 'open') kinds.push('link');
  if (status?.fault) kinds.push('fault');
  else if (status?.phase === 'hold') kinds.push('hold');
  if (status?.controlsHeldByOther) kinds.push('claim');
  if (window.sceneBroken) kinds.push('scene');
  if (window.replaying) kinds.push('replay');
  return kinds;
}
