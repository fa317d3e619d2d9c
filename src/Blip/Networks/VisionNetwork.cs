using System.Diagnostics;
using Blip.Checkpoints;
using Blip.Graphs;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>The vision network: pixels to embeddings. Thread-safe.</summary>
/// <param name="sessions">Makes the session.</param>
/// <param name="bytesChanged">Gets every change of the embeddings' native memory, in bytes.</param>
internal sealed class VisionNetwork(SessionFactory sessions, Action<long>? bytesChanged = null) : IDisposable
{
    private readonly BlipVisionConfig _config = sessions.Config.Vision;
    private readonly LazySession _session =
        new(() => sessions.Create(VisionGraph.Build(sessions.Config, sessions.Checkpoint.Preprocessor, sessions.SmallBatchForm)));

    private readonly LazySession _join = new(() => sessions.Create(JoinGraph.Build(sessions.Config, sessions.SmallBatchForm)));

    /// <summary>Makes what is not made yet.</summary>
    public void Prepare() => _ = _session.Value;

    /// <summary>Encodes pixels uint8 [H, W, 3]. The caller holds the one reference to the result.</summary>
    public ImageEmbeddings Encode(Memory<byte> pixels, RunControl control)
    {
        long start = Stopwatch.GetTimestamp();
        GraphSession session = _session.Value;
        using OrtValue px = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, pixels, [1, _config.ImageSize, _config.ImageSize, 3]);
        if (sessions.KeepsResults)
            return Timed(new ImageEmbeddings(session.Run([px], control), bytesChanged));
        ImageEmbeddings embeddings = new(_config.TokenCount, _config.HiddenSize, bytesChanged);
        try
        {
            session.Run([px], [embeddings.Value], control);
            return Timed(embeddings);
        }
        catch
        {
            embeddings.Release();
            throw;
        }

        ImageEmbeddings Timed(ImageEmbeddings made)
        {
            (made.EncodeStart, made.EncodeTime) = (start, Stopwatch.GetElapsedTime(start));
            return made;
        }
    }

    /// <summary>Joins the embeddings of frames. The caller holds the one reference to the result.</summary>
    public ImageEmbeddings Join(IReadOnlyList<ImageEmbeddings> frames, RunControl control)
    {
        if (sessions.KeepsResults)
            return JoinThere(frames, control);
        ImageEmbeddings joined = new(frames.Count * _config.TokenCount, _config.HiddenSize, bytesChanged) { Frames = frames.Count };
        Span<float> all = joined.Value.GetTensorMutableDataAsSpan<float>();
        foreach (ImageEmbeddings frame in frames)
        {
            ReadOnlySpan<float> one = frame.Value.GetTensorDataAsSpan<float>();
            one.CopyTo(all);
            all = all[one.Length..];
        }
        return joined;
    }

    public void Dispose()
    {
        _session.Dispose();
        _join.Dispose();
    }

    /// <summary>The same where the embeddings stay on a device: a pair at a time.</summary>
    private ImageEmbeddings JoinThere(IReadOnlyList<ImageEmbeddings> frames, RunControl control)
    {
        IDisposableReadOnlyCollection<OrtValue>? joined = null;
        for (int i = 1; i < frames.Count; i++)
        {
            using IDisposableReadOnlyCollection<OrtValue>? shorter = joined;
            joined = _join.Value.Run([shorter?[0] ?? frames[0].Value, frames[i].Value], control);
        }
        return new ImageEmbeddings(joined!, bytesChanged) { Frames = frames.Count };
    }
}
