import { expect, test } from '../support/fixtures';

test('the manual is read from every page', async ({ partner }) => {
  const { page, dashboard } = partner;
  await dashboard.open();
  await page.getByRole('link', { name: 'Help', exact: true }).click();
  await dashboard.expectAddress(/\/help$/);
  const contents = page.getByRole('navigation', { name: 'Help' });
  await expect(contents.locator('[aria-current="page"]')).toHaveCount(1);
  const loads: string[] = [];
  page.on('framenavigated', (frame) => loads.push(frame.url()));
  let asked = 0;
  page.on('request', (request) => {
    if (request.isNavigationRequest()) asked += 1;
  });
  await contents.getByRole('link', { name: 'Credentials', exact: true }).click();
  await expect(dashboard.heading('Credentials')).toBeVisible();
  await expect(contents.locator('[aria-current="page"]')).toHaveText('Credentials');
  await page.getByRole('article').getByRole('link', { name: 'HOLDFAST_S3_OUTAGE_LIMIT' }).click();
  await dashboard.expectAddress(/\/help\/settings#runs$/);
  await expect(page.getByRole('heading', { level: 2, name: 'Runs' })).toBeInViewport();
  expect(asked, 'pages of the manual change without a load').toBe(0);
});

test('a page that the manual does not have is not found', async ({ partner }) => {
  const { page } = partner;
  const answer = await page.goto('/help/nothing');
  expect(answer?.status()).toBe(404);
});
