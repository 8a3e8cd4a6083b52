import type { Page, Route } from '@playwright/test';

/** Lets requests wait until the story goes on, and then be answered by the server or as the story says. */
export async function hold(
  page: Page,
  address: string,
  { held = () => true, answer = (route) => route.continue() }: Partial<Holding> = {},
): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(address, async (route) => {
    if (held(route)) await released;
    await answer(route);
  });
  return release;
}

interface Holding {
  /** Which of the requests wait. */
  held: (route: Route) => boolean;
  answer: (route: Route) => Promise<void>;
}
