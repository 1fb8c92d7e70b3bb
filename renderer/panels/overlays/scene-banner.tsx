/**
 * Says that the 3-D view is not drawn and that inputs of this window do not drive meanwhile. Offers the cameras
 * instead.
 */
import { useWindow } from '../../state/window-store.ts';
import { Button } from '../../ui/button.tsx';
import { Glyph } from '../../ui/glyph.tsx';

export function SceneBanner() {
  const missing = useWindow((state) => state.sceneMissing);
  const byCameras = useWindow((state) => state.drivesByCameras);
  if (missing === undefined) return null;
  return (
    <div className="banner hold" role="alert" data-testid="scene-banner">
      <Glyph name="triangle" />
      <div>
        <b>The 3-D view cannot be drawn here</b>
        <p>
          {byCameras
            ? `You drive by the cameras: ${missing}.`
            : `Keys, gamepads and the puck on the screen do not drive: ${missing}. Cameras and Stop work. Load the page again if it does not come back.`}
        </p>
      </div>
      {byCameras ? null : (
        <Button onClick={() => useWindow.setState({ drivesByCameras: true })}>Drive by the cameras</Button>
      )}
    </div>
  );
}
