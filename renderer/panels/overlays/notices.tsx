/** Lines worth reading once, with what to do. Information leaves by itself, warnings and errors stay until dismissed. */
import { dismissNotice, useWindow } from '../../state/window-store.ts';

export function Notices() {
  const notices = useWindow((state) => state.notices);
  return (
    <div className="notices" role="log" aria-live="polite" data-testid="notices">
      {notices.map((notice) => (
        <div key={notice.id} className={`notice ${notice.level}`}>
          <div>
            <b>{notice.text}</b>
            {notice.times > 1 ? <span className="muted"> ×{notice.times}</span> : null}
            {notice.remedy ? <p>{notice.remedy}</p> : null}
          </div>
          <button type="button" aria-label="Dismiss" onClick={() => dismissNotice(notice.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
