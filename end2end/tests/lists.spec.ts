import { expect, test } from '../support/fixtures';
import { addBackup, POLICY } from '../support/prepare';

test('fourteen backups fit on a small screen, and their actions are at hand', async ({ partner, s3, folders }) => {
  test.setTimeout(120_000);
  const { page, policies } = partner;
  await page.setViewportSize({ width: 1280, height: 800 });
  const { project, backup } = await addBackup(partner, s3, folders);
  for (let made = 1; made < 15; made += 1) {
    await policies.open(project, 'Schedules');
    await policies.expectPhase(await policies.runNow(POLICY), 'Completed');
  }
  await policies.open(project, 'Backups');
  const rows = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Browse', exact: true }) });
  await expect(rows).toHaveCount(15);
  const whole = await rows.evaluateAll(
    (rows) => rows.filter((row) => row.getBoundingClientRect().bottom <= window.innerHeight).length,
  );
  console.log(`${whole} backups are seen at 1280 x 800`);
  expect(whole).toBeGreaterThanOrEqual(14);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide, 'nothing is cut off').toBeLessThanOrEqual(1280);

  await test.step('the head stays in sight', async () => {
    await page.setViewportSize({ width: 1280, height: 500 });
    await rows.last().scrollIntoViewIfNeeded();
    await expect(page.getByRole('columnheader', { name: 'Status' })).toBeInViewport();
  });

  await test.step('the menu is worked with the keyboard', async () => {
    const row = policies.row(backup).last();
    const menu = row.getByRole('button', { name: 'More Actions', exact: true });
    await menu.focus();
    await page.keyboard.press('Enter');
    const describe = row.getByRole('link', { name: 'Show Description', exact: true });
    await expect(describe).toBeVisible();
    await expect(describe).toHaveAccessibleDescription(backup);
    await page.keyboard.press('Escape');
    await expect(describe).toBeHidden();
    await expect(menu).toBeFocused();
  });

  await test.step('filtered by what became of them', async () => {
    await page.getByLabel('Status', { exact: true }).selectOption('Failed');
    await expect(page.getByText('Nothing found')).toBeVisible();
    await page.getByRole('link', { name: 'Show all' }).click();
    await expect(rows).toHaveCount(15);
  });

  await test.step('a phone has two lines for each', async () => {
    await page.setViewportSize({ width: 360, height: 760 });
    await policies.open(project, 'Backups');
    const heights = await rows.evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    expect(Math.max(...heights)).toBeLessThan(110);
    await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Projects' })).toBeInViewport();
  });
});
