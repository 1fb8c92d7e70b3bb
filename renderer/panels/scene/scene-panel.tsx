/**
 * The scene's place in the window: the stage, its frame in the colour of who drives, and the controls that lie over it.
 */
import { keysOf, perform } from '../../commands/actions.ts';
import { refusalToDrive } from '../../driving/may-drive.ts';
import { useEngine } from '../../state/engine-store.ts';
import { SCENE_VIEWS, VIEW_FACTS } from '../../state/scene-views.ts';
import { chooseView, useWindow } from '../../state/window-store.ts';
import { Banners, ReadyHint } from '../overlays/banners.tsx';
import { FirstStart } from '../overlays/first-start.tsx';
import { Puck } from './puck.tsx';
import { SafetyLine } from './safety-line.tsx';
import { SceneStage } from './scene-stage.tsx';

function ViewButtons() {
  const shown = useWindow((state) => state.view);
  const follow = useWindow((state) => state.follow);
  return (
    <div className="views">
      <div role="radiogroup" aria-label="View">
        {SCENE_VIEWS.map((view) => (
          // biome-ignore lint/a11y/useSemanticElements: a segmented control; arrow keys stay free for driving
          <button key={view} type="button" role="radio" aria-checked={view === shown} onClick={() => chooseView(view)}>
            {VIEW_FACTS[view].label} <kbd>{VIEW_FACTS[view].key}</kbd>
          </button>
        ))}
      </div>
      <button
        type="button"
        role="switch"
        aria-checked={follow}
        title={`The free view goes along with the tool (${keysOf('follow')})`}
        onClick={() => perform('follow')}
      >
        Follow <kbd>{keysOf('follow')}</kbd>
      </button>
    </div>
  );
}

function DriveHint() {
  const focused = useWindow((state) => state.sceneFocused);
  const drives = useEngine((state) => state.status?.holdsControls === true);
  const refusal = useWindow(refusalToDrive);
  const hint =
    focused && drives ? 'keys drive: W A S D · Q E · arrows · Z X · G' : 'click the scene to drive with keys';
  return <div className={`drive-hint ${focused ? 'on' : ''}`}>{refusal ?? hint}</div>;
}

export function ScenePanel() {
  return (
    <main className="scene" aria-label="Scene">
      <SceneStage />
      <div className="scene-frame" />
      <div className="scene-over">
        <SafetyLine />
        <ViewButtons />
        <div className="stack">
          <Banners />
          <FirstStart />
        </div>
        <div className="scene-foot">
          <Puck />
          <div className="scene-side">
            <ReadyHint />
            <DriveHint />
          </div>
        </div>
      </div>
    </main>
  );
}
