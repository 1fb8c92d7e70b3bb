/** Parts of forms: a section, a row, a choice among few, a switch, a number with its unit, a progress bar, a path. */
import { type PropsWithChildren, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { changedValue, isWrong, type NumberRange } from './number-entry.ts';

type SectionProps = PropsWithChildren<{ readonly title: string; readonly aside?: ReactNode }>;

export function Section({ title, aside, children }: SectionProps) {
  return (
    <section className="section">
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export function Row({
  label,
  children,
  title,
}: PropsWithChildren<{ readonly label: string; readonly title?: string }>) {
  return (
    <div className="row" title={title}>
      <span className="row-label">{label}</span>
      <span className="row-value">{children}</span>
    </div>
  );
}

export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly title?: string;
}

interface SelectProps<Value extends string> {
  readonly label: string;
  readonly value: Value | undefined;
  readonly options: readonly Option<Value>[];
  readonly onChange: (value: Value) => void;
}
interface ChoiceProps<Value extends string> extends SelectProps<Value> {
  readonly blocked?: string | undefined;
  /** Called with the reason when a person chooses although the choice is blocked. */
  readonly onBlocked?: (why: string) => void;
}

export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { label, value, options, onChange, blocked, onBlocked } = props;
  return (
    <div className="choice" role="radiogroup" aria-label={label} title={blocked}>
      {options.map((option) => (
        // biome-ignore lint/a11y/useSemanticElements: a segmented control; arrow keys stay free for driving
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          aria-disabled={blocked ? true : undefined}
          title={blocked ?? option.title}
          onClick={() => {
            if (option.value === value) return;
            if (blocked) onBlocked?.(blocked);
            else onChange(option.value);
          }}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

const entriesOf = (options: readonly Option<string>[]) =>
  options.map((option) => (
    <option key={option.value} value={option.value} title={option.title}>
      {option.label}
    </option>
  ));

/** A list to pick from. Its label is spoken, not shown. */
export function Select({ label, value, options, onChange }: SelectProps<string>) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      {entriesOf(options)}
    </select>
  );
}

/** A list to pick from, under its label. */
export function Picker({ label, value, options, onChange }: SelectProps<string>) {
  return (
    <label className="labelled">
      <span className="row-label">{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {entriesOf(options)}
      </select>
    </label>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
}

export function Switch({ label, on, onChange }: SwitchProps) {
  return (
    <button type="button" className="switch" role="switch" aria-checked={on} onClick={() => onChange(!on)}>
      <i />
      <span>{label}</span>
    </button>
  );
}

interface NumberFieldProps extends Omit<NumberRange, 'decimals'> {
  readonly decimals?: number;
  readonly label: string;
  readonly unit: string;
  /** Resolves to true when the engine accepted the value. */
  readonly onCommit: (value: number) => Promise<boolean>;
}

/**
 * Commits on Enter or when the field loses the focus. A value out of range is marked, not sent; a refused one is reset.
 */
export function NumberField({ label, unit, onCommit, decimals = 0, ...limits }: NumberFieldProps) {
  const range = { ...limits, decimals };
  const id = useId();
  const inForce = range.value.toFixed(decimals);
  const newestInForce = useRef(inForce);
  newestInForce.current = inForce;
  const [text, setText] = useState(inForce);
  useEffect(() => setText(inForce), [inForce]);
  const commit = () => {
    const entered = changedValue(text, range);
    setText(entered === undefined ? inForce : entered.toFixed(decimals));
    if (entered !== undefined)
      void onCommit(entered).then((accepted) => {
        if (!accepted) setText(newestInForce.current);
      });
  };
  return (
    <div className="row">
      <label className="row-label" htmlFor={id}>
        {label}
      </label>
      <span className="row-value">
        <input
          id={id}
          className="number"
          inputMode="decimal"
          value={text}
          aria-invalid={isWrong(text, range)}
          title={`${range.low} to ${range.high} ${unit}`}
          onChange={(event) => setText(event.target.value)}
          onBlur={commit}
          onKeyDown={(event) => {
            if (event.key === 'Enter') commit();
          }}
        />
        <span className="unit">{unit}</span>
      </span>
    </div>
  );
}

export function Progress({ fraction, label }: { readonly fraction: number | undefined; readonly label: string }) {
  const known = fraction !== undefined && Number.isFinite(fraction);
  return (
    <progress
      className="progress"
      aria-label={label}
      max={1}
      {...(known ? { value: Math.min(1, Math.max(0, fraction)) } : {})}
    />
  );
}

/** Shows a path whose end stays visible; a long path is cut at its beginning. */
export function PathLine({ path }: { readonly path: string }) {
  // Right-to-left direction cuts the line at the left; the path itself still reads from the left.
  return (
    <span className="path-line" title={path}>
      <bdi dir="ltr">{path}</bdi>
    </span>
  );
}
