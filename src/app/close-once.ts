/** However often it is called, everything is closed once. */
export function closeOnce(closing: AsyncDisposableStack): () => Promise<void> {
  let closed: Promise<void> | null = null
  return () => {
    closed ??= closing.disposeAsync()
    return closed
  }
}
