import { expect, test } from '../support/fixtures';

test.use({ timezoneId: 'Asia/Kolkata' });

test('times are those of the browser, and exact on hover', async ({ partner }) => {
  const { page, profile } = partner;
  const time = page.locator('time').first();
  const expected = async (): Promise<string> => {
    const moment = new Date((await time.getAttribute('datetime')) ?? '');
    const local = new Date(moment.getTime() + 330 * 60_000).toISOString();
    return `${local.slice(0, 10)} ${local.slice(11, 16)}`;
  };

  await profile.open();
  await expect(time).toHaveText(await expected());
  await expect(time).toHaveAttribute('title', /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} Asia\/(Kolkata|Calcutta)$/);

  // The server draws the next page with the same times, before any script runs.
  const drawn = await (await page.request.get('/profile')).text();
  const [, clock] = (await expected()).split(' ');
  expect(drawn).toContain(`<span>${clock}`);
});
