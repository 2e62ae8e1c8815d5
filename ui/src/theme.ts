/** Mantine in our tokens: ink is the one colour of controls, hue belongs to segments. */
import {
  ActionIcon,
  Button,
  Checkbox,
  type CSSVariablesResolver,
  createTheme,
  Drawer,
  Input,
  type MantineColorsTuple,
  Menu,
  Modal,
  Radio,
  SegmentedControl,
  Tooltip,
} from '@mantine/core';
import { COLOURS, type Theme, variables } from './tokens';

// From page to ink; dark mode fills with the second, light mode with the last.
const ink: MantineColorsTuple = [
  '#F7F8FA',
  '#EEF1F5',
  '#DCE1E8',
  '#C3CAD4',
  '#B7C0CC',
  '#98A3B2',
  '#7A8492',
  '#5F6B7A',
  '#465060',
  '#14181F',
];

// The greys that Mantine itself reaches for, in our tone.
const gray: MantineColorsTuple = [
  '#F7F8FA',
  '#EFF1F5',
  '#E6E9EE',
  '#DCE1E8',
  '#C3CAD4',
  '#98A3B2',
  '#7A8492',
  '#465060',
  '#2E333C',
  '#14181F',
];
const dark: MantineColorsTuple = [
  '#EEF1F5',
  '#C3CAD4',
  '#B7C0CC',
  '#98A3B2',
  '#3A404A',
  '#2E333C',
  '#22262D',
  '#1B1E24',
  '#16191E',
  '#121418',
];

const HEAD = {
  attributes: { header: { role: 'none' } },
  closeButtonProps: { 'aria-label': 'Close' },
};

export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: { light: 9, dark: 1 },
  autoContrast: true,
  colors: { ink, gray, dark },
  white: COLOURS.card[0],
  black: COLOURS.ink[0],
  fontFamily: '"Inter Variable", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  lineHeights: { xs: '1.333', sm: '1.538', md: '1.571', lg: '1.5', xl: '1.4' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '32px' },
  radius: { xs: '4px', sm: '4px', md: '8px', lg: '12px', xl: '12px' },
  defaultRadius: 'sm',
  headings: { fontWeight: '600' },
  breakpoints: { xs: '22.5em', sm: '40em', md: '64em', lg: '80em', xl: '90em' },
  shadows: { md: '0 4px 16px rgb(0 0 0 / .12)', xl: '0 16px 48px rgb(0 0 0 / .2)' },
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    Button: Button.extend({
      defaultProps: { fw: 500 },
      // On ink, text is the card's colour in both themes; Mantine knows only the light one.
      vars: (_, { variant = 'filled' }) => ({
        root: {
          ...(variant === 'filled' && { '--button-color': 'var(--card)' }),
          '--button-height': 'var(--target)',
          '--button-padding-x': '12px',
          '--button-fz': '0.8125rem',
        },
      }),
    }),
    ActionIcon: ActionIcon.extend({
      defaultProps: { variant: 'subtle' },
      vars: () => ({ root: { '--ai-size': 'var(--target)' } }),
    }),
    Input: Input.extend({
      vars: () => ({
        wrapper: {
          '--input-height': 'var(--target)',
          '--input-size': 'var(--target)',
          '--input-bd': 'var(--edge)',
        },
      }),
    }),
    // The first item has the focus at once, as in any menu.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
    Checkbox: Checkbox.extend({
      vars: () => ({ root: { '--checkbox-icon-color': 'var(--card)' } }),
    }),
    Radio: Radio.extend({ vars: () => ({ root: { '--radio-icon-color': 'var(--card)' } }) }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { size: 'xs' } }),
    Tooltip: Tooltip.extend({
      defaultProps: {
        multiline: true,
        maw: 320,
        openDelay: 200,
        events: { hover: true, focus: true, touch: true },
      },
    }),
    // The head of a dialog is no banner of the page.
    Modal: Modal.extend({ defaultProps: { centered: true, radius: 'lg', ...HEAD } }),
    Drawer: Drawer.extend({ defaultProps: HEAD }),
  },
});

function resolved(name: Theme): Record<string, string> {
  return {
    ...variables(name),
    '--mantine-color-body': 'var(--card)',
    '--mantine-color-text': 'var(--ink)',
    '--mantine-color-bright': 'var(--ink)',
    '--mantine-color-dimmed': 'var(--ink-2)',
    '--mantine-color-placeholder': 'var(--ink-3)',
    '--mantine-color-anchor': 'var(--ink)',
    '--mantine-color-error': 'var(--danger)',
    '--mantine-color-default': 'var(--card)',
    '--mantine-color-default-hover': 'var(--hover)',
    '--mantine-color-default-color': 'var(--ink)',
    '--mantine-color-default-border': 'var(--edge)',
    '--mantine-color-disabled': 'var(--hover)',
    '--mantine-color-disabled-color': 'var(--ink-3)',
    '--mantine-color-disabled-border': 'var(--line)',
    '--mantine-primary-color-light-color': 'var(--ink)',
  };
}

export const resolver: CSSVariablesResolver = () => ({
  variables: {},
  light: resolved('light'),
  dark: resolved('dark'),
});
