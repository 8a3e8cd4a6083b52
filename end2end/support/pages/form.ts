import { expect, type Locator } from '@playwright/test';

/** A form, wherever it stands, with fields that are found by their labels. */
export class Form {
  constructor(readonly root: Locator) {}

  field(label: string): Locator {
    return this.root.getByLabel(label, { exact: true });
  }

  button(name: string): Locator {
    return this.root.getByRole('button', { name, exact: true });
  }

  get alert(): Locator {
    return this.root.getByRole('alert');
  }

  /** Types into text fields and chooses from selects. */
  async fill(values: Record<string, string | undefined>): Promise<void> {
    for (const [label, value] of Object.entries(values)) {
      if (value === undefined) continue;
      const field = this.field(label);
      if ((await field.evaluate((element) => element.tagName)) === 'SELECT') {
        await field.selectOption({ label: value });
      } else {
        await field.fill(value);
      }
    }
  }

  async press(name: string): Promise<void> {
    await this.button(name).click();
  }

  /** The message stands at the field, and a screen reader is told. */
  async expectErrorAt(label: string, message: RegExp): Promise<void> {
    await expect(this.field(label)).toHaveAccessibleDescription(message);
    await expect(this.field(label)).toHaveAttribute('aria-invalid', 'true');
    await expect(this.alert).toBeVisible();
  }

  async expectNoErrorAt(label: string): Promise<void> {
    await expect(this.field(label)).not.toHaveAttribute('aria-invalid', 'true');
  }

  async expectValues(values: Record<string, string>): Promise<void> {
    for (const [label, value] of Object.entries(values)) await expect(this.field(label)).toHaveValue(value);
  }
}
