using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Blip.Images;

/// <summary>The horizontal and the vertical pass for one row of RGBA pixels, each with and without vector instructions.</summary>
internal static unsafe class ResamplePasses
{
    private const int Half = 1 << (ResampleKernel.Precision - 1);

    public static void Horizontal(ResampleKernel kernel, byte* row, byte* line, ResampleInstructions allowed)
    {
        if (allowed == ResampleInstructions.All && Avx2.IsSupported)
            HorizontalAvx2(kernel, row, line);
        else if (allowed != ResampleInstructions.Scalar && Vector128.IsHardwareAccelerated)
            HorizontalVector(kernel, row, line);
        else
            HorizontalScalar(kernel, row, line);
    }

    /// <summary>Computes one target row from rows in a ring buffer.</summary>
    /// <param name="ring">The ring buffer: rows of <paramref name="stride"/> bytes.</param>
    /// <param name="first">The index of the first source row in the ring.</param>
    /// <param name="straight">The number of source rows from there to the end of the ring.</param>
    /// <param name="wrapped">The number of source rows that follow at the start of the ring.</param>
    /// <param name="stride">The number of bytes in a row, a multiple of 64. All of them are computed.</param>
    /// <param name="weights">The weight of each source row.</param>
    /// <param name="line">Gets the target row.</param>
    /// <param name="allowed">Which instructions may be used.</param>
    public static void Vertical(
        byte* ring, int first, int straight, int wrapped, int stride, int* weights, byte* line, ResampleInstructions allowed)
    {
        byte* start = ring + ((long)first * stride);
        if (allowed != ResampleInstructions.Scalar && Vector.IsHardwareAccelerated && Vector<byte>.Count <= 64)
            for (int x = 0; x < stride; x += Vector<byte>.Count)
            {
                Sums sums = new(Half);
                sums.Add(start + x, straight, stride, weights);
                sums.Add(ring + x, wrapped, stride, weights + straight);
                sums.Store(line + x);
            }
        else
            for (int x = 0; x < stride; x++)
            {
                int sum = Half;
                for (int k = 0; k < straight; k++)
                    sum += start[((long)k * stride) + x] * weights[k];
                for (int k = 0; k < wrapped; k++)
                    sum += ring[((long)k * stride) + x] * weights[straight + k];
                line[x] = Clip(sum);
            }
    }

    private static void HorizontalAvx2(ResampleKernel kernel, byte* row, byte* line)
    {
        Vector256<int> spread = Vector256.Create(0, 0, 0, 0, 1, 1, 1, 1);
        for (int x = 0; x < kernel.Length; x++)
        {
            ReadOnlySpan<int> weights = kernel.Weights(x);
            byte* pixel = row + (kernel.Start(x) * 4L);
            fixed (int* weight = weights)
            {
                Vector256<int> pairs = Vector256<int>.Zero;
                int k = 0;
                for (; k + 2 <= weights.Length; k += 2)
                {
                    Vector256<int> two = Avx2.ConvertToVector256Int32(pixel + (k * 4L));
                    Vector128<int> twoWeights = Vector128.CreateScalarUnsafe(*(long*)(weight + k)).AsInt32();
                    pairs += two * Avx2.PermuteVar8x32(twoWeights.ToVector256Unsafe(), spread);
                }
                Vector128<int> sum = pairs.GetLower() + pairs.GetUpper() + Vector128.Create(Half);
                if (k < weights.Length)
                    sum += Pixel(pixel + (k * 4L)) * Vector128.Create(weight[k]);
                Store(sum, line + (x * 4L));
            }
        }
    }

    private static void HorizontalVector(ResampleKernel kernel, byte* row, byte* line)
    {
        for (int x = 0; x < kernel.Length; x++)
        {
            ReadOnlySpan<int> weights = kernel.Weights(x);
            byte* pixel = row + (kernel.Start(x) * 4L);
            Vector128<int> sum = Vector128.Create(Half);
            for (int k = 0; k < weights.Length; k++)
                sum += Pixel(pixel + (k * 4L)) * Vector128.Create(weights[k]);
            Store(sum, line + (x * 4L));
        }
    }

    private static void HorizontalScalar(ResampleKernel kernel, byte* row, byte* line)
    {
        for (int x = 0; x < kernel.Length; x++)
        {
            ReadOnlySpan<int> weights = kernel.Weights(x);
            byte* pixel = row + (kernel.Start(x) * 4L);
            for (int channel = 0; channel < 4; channel++)
            {
                int sum = Half;
                for (int k = 0; k < weights.Length; k++)
                    sum += pixel[(k * 4L) + channel] * weights[k];
                line[(x * 4L) + channel] = Clip(sum);
            }
        }
    }

    private static Vector128<int> Pixel(byte* pixel)
        => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(uint*)pixel).AsByte())).AsInt32();

    private static void Store(Vector128<int> sum, byte* pixel)
    {
        Vector128<uint> clipped = Vector128.Clamp(sum >> ResampleKernel.Precision, Vector128<int>.Zero, Vector128.Create(255)).AsUInt32();
        Vector128<ushort> half = Vector128.Narrow(clipped, clipped);
        *(uint*)pixel = Vector128.Narrow(half, half).AsUInt32().ToScalar();
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleKernel.Precision, 0, 255);

    /// <summary>The sums for one vector of bytes.</summary>
    private ref struct Sums(int start)
    {
        private Vector<int> _a = new(start), _b = new(start), _c = new(start), _d = new(start);

        public void Add(byte* column, int rows, int stride, int* weights)
        {
            (Vector<int> a, Vector<int> b, Vector<int> c, Vector<int> d) = (_a, _b, _c, _d);
            for (int k = 0; k < rows; k++, column += stride)
            {
                Vector<int> weight = new(weights[k]);
                Vector.Widen(Vector.Load(column), out Vector<ushort> low, out Vector<ushort> high);
                Vector.Widen(low, out Vector<uint> first, out Vector<uint> second);
                Vector.Widen(high, out Vector<uint> third, out Vector<uint> fourth);
                a += Vector.AsVectorInt32(first) * weight;
                b += Vector.AsVectorInt32(second) * weight;
                c += Vector.AsVectorInt32(third) * weight;
                d += Vector.AsVectorInt32(fourth) * weight;
            }
            (_a, _b, _c, _d) = (a, b, c, d);
        }

        public readonly void Store(byte* line)
            => Vector.Store(Vector.Narrow(Vector.Narrow(Clip(_a), Clip(_b)), Vector.Narrow(Clip(_c), Clip(_d))), line);

        private static Vector<uint> Clip(Vector<int> sum)
            => Vector.AsVectorUInt32(Vector.Min(Vector.Max(sum >> ResampleKernel.Precision, Vector<int>.Zero), new Vector<int>(255)));
    }
}
