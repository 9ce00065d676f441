/**
 * Goes one item ahead: the next one is on its way while the caller works on this one. Ends like `items`, and only when
 * nothing of it is under way any more.
 */
export async function* readAhead<T, R>(items: AsyncGenerator<T, R, void>): AsyncGenerator<T, R, void> {
  let next = items.next();
  try {
    for (let item = await next; ; item = await next) {
      if (item.done) return item.value;
      next = items.next();
      // It is told when its turn comes, which may be long after.
      next.catch(() => undefined);
      yield item.value;
    }
  } finally {
    await next.catch(() => undefined);
  }
}
