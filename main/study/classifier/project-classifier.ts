/** The newest reward classifier of a project in a headless session: it decides which episodes end as a success. */
import type { Engine } from '../../engine/engine.ts';
import { listClassifiers, type MadeClassifier } from '../../learn/classifier/classifier-folder.ts';

export function newestClassifier(projectFolder: string): MadeClassifier {
  const [classifier] = listClassifiers(projectFolder);
  if (!classifier)
    throw new Error(`${projectFolder} holds no classifier. Train one: \`npx takeover classifier\` without --report.`);
  return classifier;
}

/** From the next episode on, `classifier` ends episodes as a success and the simulator does not. */
export async function letClassifierDecide(engine: Engine, classifier: MadeClassifier): Promise<void> {
  const used = await engine.success.use(classifier.manifestPath);
  if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
  engine.change({ success: { ...engine.rig().success, by: 'classifier' } });
}
