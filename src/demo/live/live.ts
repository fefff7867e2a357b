import type { Scene } from '../scene.ts'
export async function liveDemo(_scene: Scene): Promise<void> {}
