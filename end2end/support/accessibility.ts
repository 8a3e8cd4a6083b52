import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** WCAG 2.2, levels A and AA. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What keeps people from using the page as it stands, one line for each element. */
export async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, any, all, none }) => {
      const [failed] = [...any, ...all, ...none];
      return `${id} (${help}) at ${target.join(' ')}: ${failed?.message}`;
    }),
  );
}

/** What can be moved sideways in the content, which hides what stands there: the page itself, a table, a dialog. */
export async function hiddenSideways(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const scrolls = (element: Element) =>
      element.scrollWidth > element.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
    const inside = [...document.querySelectorAll('main, main *, dialog, dialog *')].filter(
      (element) => scrolls(element) && !element.matches('input, textarea'),
    );
    const { scrollWidth, clientWidth } = document.documentElement;
    const whole = scrollWidth > clientWidth ? ['the page'] : [];
    return [...whole, ...inside.map((element) => `${element.tagName.toLowerCase()}.${element.className}`)];
  });
}
