import { expect, test } from '../support/fixtures';
import { addBackup } from '../support/prepare';
import { Receiver } from '../support/receiver';

const NAME = 'On call';

for (const scripts of [true, false]) {
  test.describe(scripts ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled: scripts });

    test('a channel is added, tried, told of a failure, changed and deleted', async ({ partner, s3, folders }) => {
      test.setTimeout(120_000);
      const { notifications } = partner;
      const receiver = await Receiver.start();
      await notifications.open();
      await notifications.link('Add Channel').click();
      const add = notifications.dialog('Add Channel');
      await expect(add.field('Kind').locator('option:disabled')).toHaveText('E-mail');
      await add.fill({ Name: NAME, Kind: 'Webhook', 'Webhook URL': receiver.url, 'Signing Secret': 'short' });
      await add.press('Add');
      await add.expectErrorAt('Signing Secret', /16 to 256/);
      await add.expectValues({ Name: NAME });
      await add.fill({ Kind: 'Webhook', 'Webhook URL': receiver.url, 'Signing Secret': 'a secret of sixteen' });
      await add.press('Add');
      await expect(notifications.notice).toContainText(`Channel ${NAME} added`);
      const row = notifications.row(NAME).first();
      await expect(notifications.cell(row, 'Events')).toHaveText('Failure, Recovery, Overdue, Damage');

      await row.getByRole('button', { name: 'Send Test', exact: true }).click();
      await expect(notifications.notice).toContainText(`Test sent to ${NAME}`);
      expect(JSON.parse(receiver.bodies[0] ?? '')).toMatchObject({ event: 'test', organization: 'acme' });
      receiver.status = 410;
      await row.getByRole('button', { name: 'Send Test', exact: true }).click();
      await expect(notifications.alert.first()).toContainText('The receiver answered 410 Gone');
      receiver.status = 200;

      await addBackup(partner, s3, folders);
      await partner.page.request.post('/api/credentials/lock', { form: { 'form[credential]': '1' } });
      await partner.page.request.post('/api/policies/run_now', { form: { 'form[policy]': '1' } });
      await notifications.open();
      // The page asks every 30 seconds where nothing is on its way.
      await notifications.eventually(
        (timeout) => expect(notifications.row('was skipped').first()).toContainText('Delivered', { timeout }),
        45_000,
      );

      await row.getByRole('link', { name: 'Update', exact: true }).click();
      const update = notifications.dialog('Update Channel');
      await update.fill({ Name: 'Nights' });
      await update.field('Recovery').setChecked(false);
      await update.press('Update');
      const renamed = notifications.row('Nights').first();
      await expect(notifications.cell(renamed, 'Events')).toHaveText('Failure, Overdue, Damage');
      await renamed.getByRole('button', { name: 'Pause', exact: true }).click();
      await expect(renamed.getByRole('button', { name: 'Resume', exact: true })).toBeVisible();
      await renamed.getByRole('link', { name: 'Delete', exact: true }).click();
      await notifications.dialog('Delete Channel').press('Delete');
      await expect(notifications.page.getByText('No channels yet')).toBeVisible();
      await receiver.stop();
    });

    test('light and dark are chosen on any page and stay', async ({ partner }) => {
      const { page, dashboard, projects } = partner;
      const root = page.locator('html');
      await projects.open('?search=x');
      await dashboard.button('Dark theme').click();
      await projects.expectAddress(/\/projects\?search=x$/);
      await expect(root).toHaveAttribute('data-theme', 'dark');
      await expect(dashboard.button('Dark theme')).toHaveAttribute('aria-pressed', 'true');
      await dashboard.open();
      await expect(root).toHaveCSS('color-scheme', 'dark');
      await dashboard.button('Light theme').click();
      await expect(root).toHaveCSS('color-scheme', 'light');
      await dashboard.button('System theme').click();
      await expect(root).not.toHaveAttribute('data-theme');
    });
  });
}
