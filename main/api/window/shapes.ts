/**
 * The look of a rig as data: bodies, each made of lathe profiles and rounded boxes with a material.
 * The cell's rasteriser and the window's 3-D scene each build their own geometry from it.
 * Lengths in metres, angles in radians, colours linear RGB in 0 … 1.
 */
import { z } from 'zod';
import { poseSchema, vec3Schema } from '../geometry.ts';

const materialSchema = z
  .object({
    name: z.string(),
    color: vec3Schema,
    /** 0 mirror … 1 matt. */
    roughness: z.number(),
    metalness: z.number(),
  })
  .readonly();
export type Material = z.infer<typeof materialSchema>;

const pair = z.tuple([z.number(), z.number()]).readonly();

const solidSchema = z.discriminatedUnion('kind', [
  /** Revolved about local z: points are [radius, z]. */
  z.object({ kind: z.literal('lathe'), profile: z.array(pair).readonly() }).readonly(),
  z.object({ kind: z.literal('rounded-box'), sizeM: vec3Schema, radiusM: z.number() }).readonly(),
  z.object({ kind: z.literal('box'), sizeM: vec3Schema }).readonly(),
]);
export type Solid = z.infer<typeof solidSchema>;

const partSchema = z.object({ solid: solidSchema, bodyFromPart: poseSchema, material: z.string() }).readonly();
export type Part = z.infer<typeof partSchema>;

const bodySchema = z
  .object({ name: z.string(), parts: z.array(partSchema).readonly(), castsShadow: z.boolean() })
  .readonly();
export type Body = z.infer<typeof bodySchema>;

const cameraMountSchema = z
  .object({
    name: z.string(),
    /** Body that carries the camera; 'world' for a fixed one. Camera frame: x right, y up, looks along −z. */
    body: z.string(),
    bodyFromCamera: poseSchema,
    verticalFovRad: z.number(),
  })
  .readonly();
export type CameraMount = z.infer<typeof cameraMountSchema>;

const tactileMountSchema = z
  .object({
    pad: z.string(),
    body: z.string(),
    /** Pad frame: x and z span the pad, y is the outward normal. */
    bodyFromPad: poseSchema,
    sizeM: pair,
  })
  .readonly();
export type TactileMount = z.infer<typeof tactileMountSchema>;

export const sceneShapesSchema = z
  .object({
    materials: z.array(materialSchema).readonly(),
    /** Index 0 is the world, which does not move. */
    bodies: z.array(bodySchema).readonly(),
    cameras: z.array(cameraMountSchema).readonly(),
    tactile: z.array(tactileMountSchema).readonly(),
    /** The body that carries the tool frame, and where the tool frame sits on it. */
    tool: z.object({ body: z.string(), bodyFromTool: poseSchema }).readonly(),
  })
  .readonly();
export type SceneShapes = z.infer<typeof sceneShapesSchema>;
