/** The views of the scene: the label of each, its key, and its line in the overview of keys. */
export const SCENE_VIEWS = ['wrist', 'side', 'top', 'free'] as const;
export type SceneView = (typeof SCENE_VIEWS)[number];

interface ViewFacts {
  readonly label: string;
  readonly key: string;
  readonly says: string;
}

export const VIEW_FACTS: Readonly<Record<SceneView, ViewFacts>> = {
  wrist: { label: 'Wrist', key: '1', says: 'Wrist view' },
  side: { label: 'Side', key: '2', says: 'Side view' },
  top: { label: 'Top', key: '3', says: 'Top view' },
  free: { label: 'Free', key: '4', says: 'Free view; again: back to tool and task' },
};
