using System.Diagnostics;
using System.Runtime.CompilerServices;
using Blip.Answering;
using Blip.Caching;
using Blip.Images;
using Blip.Networks;
using Blip.Scheduling;
using Blip.Telemetry;

namespace Blip;

/// <summary>From an image's bytes to its embeddings: images are decoded within a budget, encoded once, and kept. Thread-safe.</summary>
/// <param name="network">The model's network.</param>
/// <param name="runs">Encodes in turn with whatever else the model runs.</param>
/// <param name="cache">The images that are kept.</param>
/// <param name="preprocessor">Decodes and resizes.</param>
/// <param name="pixels">Bounds the pixels that are decoded at the same time.</param>
/// <param name="telemetry">Observes.</param>
internal sealed class ImageEncoder(
    ImageNetwork network, ImageRuns runs, ImageCache cache, ImagePreprocessor preprocessor, SharedBudget pixels, ModelTelemetry telemetry)
{
    /// <summary>Places in the budget of a pixel of an animation: the canvas, what it was before, and the frame that is decoded.</summary>
    private const int AnimationPlaces = 3;

    private readonly ConditionalWeakTable<BlipImage, object> _keys = [];

    /// <summary>The image's embeddings, with a reference for the caller.</summary>
    public async Task<(ImageEmbeddings Embeddings, AnswerTiming Timing)> EncodeAsync(BlipImage image, CancellationToken cancellationToken)
    {
        if (image.Frames.Count > 0 && !network.ReadsFrames)
        {
            throw new BlipException(BlipErrorCode.InvalidRequest,
                "Only models that answer questions accept several frames. Give this model one image at a time.");
        }
        // The same object has the same bytes: what the model sees of them is known.
        if (_keys.TryGetValue(image, out object? known) && cache.Find((PixelKey)known) is { } kept)
        {
            telemetry.Cached(hit: true);
            return (kept, new AnswerTiming());
        }
        if (image.Frames.Count > 0)
            return await EncodeFramesAsync(image, cancellationToken).ConfigureAwait(false);
        PixelTensor decoded = await DecodeAsync(
            image, places: 1, () => preprocessor.Process(image, cancellationToken), cancellationToken).ConfigureAwait(false);
        telemetry.Decoded(decoded);
        return await EncodeAsync(image, decoded, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Frames are encoded one by one, each as an image of its own, and joined.</summary>
    private async Task<(ImageEmbeddings Embeddings, AnswerTiming Timing)> EncodeFramesAsync(
        BlipImage image, CancellationToken cancellationToken)
    {
        List<(ImageEmbeddings Embeddings, AnswerTiming Timing)> parts = [];
        try
        {
            List<PixelKey> keys = [];
            if (image.Frames is [var file])
            {
                IReadOnlyList<PixelTensor> decoded = await DecodeAsync(
                    file, AnimationPlaces, () => preprocessor.ProcessFrames(file, BlipImage.MaxFrames, cancellationToken),
                    cancellationToken).ConfigureAwait(false);
                int taken = 0;
                try
                {
                    while (taken < decoded.Count)
                    {
                        telemetry.Decoded(decoded[taken]);
                        keys.Add(PixelKey.Of(decoded[taken].Span));
                        parts.Add(await EncodeAsync(null, decoded[taken++], cancellationToken).ConfigureAwait(false));
                    }
                }
                finally
                {
                    for (; taken < decoded.Count; taken++)
                        decoded[taken].Dispose();
                }
            }
            else
            {
                foreach (BlipImage frame in image.Frames)
                {
                    parts.Add(await EncodeAsync(frame, cancellationToken).ConfigureAwait(false));
                    keys.Add(_keys.TryGetValue(frame, out object? key) ? (PixelKey)key : throw new InvalidOperationException());
                }
            }
            AnswerTiming timing = Sum(parts.ConvertAll(part => part.Timing));
            if (parts.Count == 1)
                return (parts[0].Embeddings.AddReference(), timing);
            PixelKey joined = PixelKey.Of(keys);
            _keys.AddOrUpdate(image, joined);
            return (await JoinAsync(joined, [.. parts.Select(part => part.Embeddings.AddReference())], cancellationToken)
                .ConfigureAwait(false), timing);
        }
        finally
        {
            parts.ForEach(part => part.Embeddings.Release());
        }
    }

    /// <summary>Takes over a reference to each frame.</summary>
    private async Task<ImageEmbeddings> JoinAsync(PixelKey key, ImageEmbeddings[] frames, CancellationToken cancellationToken)
    {
        ImageEmbeddings[] unused = frames;
        try
        {
            return (await cache.GetAsync(key, token =>
            {
                // Callers that ask for the same frames wait for this, even if the first caller leaves.
                unused = [];
                return Task.Run(Join, CancellationToken.None);

                ImageEmbeddings Join()
                {
                    try
                    {
                        return network.Join(frames, token);
                    }
                    finally
                    {
                        Array.ForEach(frames, frame => frame.Release());
                    }
                }
            }, cancellationToken).ConfigureAwait(false)).Embeddings;
        }
        finally
        {
            Array.ForEach(unused, frame => frame.Release());
        }
    }

    /// <param name="image">Whose pixels they are, if it may be asked about again.</param>
    /// <param name="decoded">The pixels; owned from here on.</param>
    /// <param name="cancellationToken">The caller's own.</param>
    private async Task<(ImageEmbeddings Embeddings, AnswerTiming Timing)> EncodeAsync(
        BlipImage? image, PixelTensor decoded, CancellationToken cancellationToken)
    {
        AnswerTiming timing = new() { Decode = decoded.DecodeTime, Resize = decoded.ResizeTime };
        PixelTensor? unused = decoded;
        try
        {
            PixelKey key = PixelKey.Of(decoded.Span);
            if (image is not null)
                _keys.AddOrUpdate(image, key);
            (ImageEmbeddings embeddings, bool encoded) = await cache.GetAsync(key, token =>
            {
                unused = null;
                return runs.EncodeAsync(decoded, token);
            }, cancellationToken).ConfigureAwait(false);
            telemetry.Cached(hit: !encoded);
            if (!encoded)
                return (embeddings, timing);
            ModelTelemetry.Span(BlipTelemetry.EncodeSpan, embeddings.EncodeStart, embeddings.EncodeTime);
            return (embeddings, timing with { Vision = embeddings.EncodeTime });
        }
        finally
        {
            unused?.Dispose();
        }
    }

    private async Task<T> DecodeAsync<T>(BlipImage image, int places, Func<T> decode, CancellationToken cancellationToken)
    {
        // Everything that a header tells is checked before anything waits.
        long pixelCount = preprocessor.ReadHeader(image).PixelsInFlight * places;
        await pixels.EnterAsync(pixelCount, cancellationToken).ConfigureAwait(false);
        try
        {
            using Activity? span = BlipTelemetry.Source.StartActivity(BlipTelemetry.DecodeSpan);
            return await Task.Run(decode, cancellationToken).ConfigureAwait(false);
        }
        catch (BlipException failure) when (failure.Code == BlipErrorCode.Timeout)
        {
            telemetry.DecodeTimedOut();
            throw;
        }
        finally
        {
            pixels.Leave(pixelCount);
        }
    }

    private static AnswerTiming Sum(List<AnswerTiming> parts)
    {
        return new AnswerTiming
        {
            Decode = Sum(part => part.Decode), Resize = Sum(part => part.Resize), Vision = Sum(part => part.Vision),
        };

        TimeSpan? Sum(Func<AnswerTiming, TimeSpan?> of) => parts.Exists(part => of(part) is not null)
            ? parts.Aggregate(TimeSpan.Zero, (sum, part) => sum + (of(part) ?? TimeSpan.Zero)) : null;
    }
}
