import { expect, test } from '../support/fixtures';
import { addBackedUpProject, POLICY } from '../support/prepare';

test('what another person starts shows by itself', async ({ partner, another, s3, folders }) => {
  const { policies } = partner;
  const project = await addBackedUpProject(partner, s3, folders);
  await policies.open(project, 'Schedules');
  await policies.add({ name: POLICY, period: 'Custom', expression: '0 0 29 2 *' });
  const other = await another();
  await other.login.open();
  await other.login.signIn('partner@example.com', 'correct horse battery');
  await other.dashboard.expectShown();
  const listens = other.page.waitForResponse(/\/events$/);
  await other.policies.open(project, 'Backups');
  expect((await listens).status()).toBe(200);
  await expect(other.page.getByText('No backups yet')).toBeVisible();

  await policies.open(project, 'Schedules');
  const backup = await policies.runNow(POLICY);
  // Sooner than a page that is told of changes would ask by itself.
  await expect(other.policies.cell(other.policies.row(backup), 'Status')).toContainText('Completed', { timeout: 25_000 });
});

test('a page that cannot be told asks by itself', async ({ partner, another, s3, folders }) => {
  const { policies } = partner;
  const project = await addBackedUpProject(partner, s3, folders);
  await policies.open(project, 'Schedules');
  await policies.add({ name: POLICY, period: 'Custom', expression: '0 0 29 2 *' });
  const other = await another();
  await other.page.route('**/events', (route) => route.fulfill({ status: 429, body: '' }));
  await other.login.open();
  await other.login.signIn('partner@example.com', 'correct horse battery');
  await other.dashboard.expectShown();
  await other.policies.open(project, 'Backups');
  const backup = await policies.runNow(POLICY);
  await expect(other.policies.cell(other.policies.row(backup), 'Status')).toContainText('Completed', { timeout: 30_000 });
});
