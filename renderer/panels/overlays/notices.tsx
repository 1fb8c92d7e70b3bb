/** Shows notices and their remedies at the foot of the desk. They shrink its scrolled part and cover nothing. */
import { liveStatus, useEngine } from '../../state/engine-store.ts';
import { keyOf, type ShownNotice, shownNotices, standingOf } from '../../state/notices.ts';
import { useSelection } from '../../state/same.ts';
import { dismissNotice, dismissStanding, useWindow } from '../../state/window-store.ts';

export function Notices() {
  const own = useWindow((state) => state.notices);
  const dismissed = useWindow((state) => state.dismissed);
  const notices = useEngine(useSelection((state) => shownNotices(own, liveStatus(state), dismissed)));
  const dismiss = (notice: ShownNotice) => {
    if (notice.id !== undefined) return dismissNotice(notice.id);
    const standing = standingOf(liveStatus(useEngine.getState())).find(({ topic }) => topic === notice.key);
    if (standing) dismissStanding(keyOf(standing));
  };
  return (
    <div
      className="notices"
      role="log"
      aria-label="Notices"
      aria-live="polite"
      data-testid="notices"
      onPointerEnter={() => useWindow.setState({ noticesRead: true })}
      onPointerLeave={() => useWindow.setState({ noticesRead: false })}
    >
      {notices.map((notice) => (
        <div key={notice.key} className={`notice ${notice.level}`}>
          <div>
            <b>{notice.text}</b>
            {notice.times > 1 ? <span className="muted"> ×{notice.times}</span> : null}
            {notice.remedy ? <p>{notice.remedy}</p> : null}
          </div>
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(notice)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
