import { expect, type Locator } from '@playwright/test';

import { ConsolePage } from './console-page';
import { Form } from './form';

export class SettingsPage extends ConsolePage {
  async open(project: string): Promise<void> {
    await this.visit(`/projects/${project}/settings`);
    await expect(this.heading('Settings')).toBeVisible();
  }

  get form(): Form {
    return new Form(this.page.getByRole('main').locator('form').filter({ has: this.enableBackup }));
  }

  get enableBackup(): Locator {
    return this.page.getByRole('switch', { name: 'Enable Backup', exact: true });
  }

  get question(): Form {
    return this.dialog(/^Disable backup of /);
  }

  get kit(): Form {
    return this.dialog(/^Recovery kit of /);
  }

  /** Turns the switch and saves. */
  async save(enabled: boolean): Promise<void> {
    await this.enableBackup.setChecked(enabled);
    await this.button('Save').click();
  }
}
