using System.Collections.Concurrent;
using Blip.Runtime;

namespace Blip.Networks;

/// <summary>
/// What the networks of every architecture have: a vision network, and sessions that are made and freed together. A network computes and
/// nothing else: who may run when is decided above it. Thread-safe.
/// </summary>
/// <param name="sessions">Makes the sessions; owned from here on.</param>
/// <param name="bytesChanged">Gets every change of the native memory of encoded images, in bytes.</param>
internal abstract class ImageNetwork(SessionFactory sessions, Action<long>? bytesChanged) : IDisposable
{
    private readonly VisionNetwork _vision = new(sessions, bytesChanged);

    /// <summary>Where computed weights are kept, if anywhere.</summary>
    public WeightCache? Cache => Sessions.Cache;

    /// <summary>As <see cref="SessionFactory.CacheProblem"/>.</summary>
    public string? CacheProblem => Sessions.CacheProblem;

    /// <summary>Texts of common kinds, by which <see cref="PrecisionProbe"/> compares precisions.</summary>
    public abstract IReadOnlyList<string> ProbeTexts { get; }

    /// <summary>As <see cref="SessionFactory.KeepsResults"/>.</summary>
    public bool KeepsResults => Sessions.KeepsResults;

    protected SessionFactory Sessions { get; } = sessions;

    /// <summary>What there is to make beside the vision network's session, with the share of the time that it takes.</summary>
    protected abstract (Action Make, int Share)[] Parts { get; }

    /// <summary>
    /// Makes all sessions now, so that the first request does not wait for them. What fails is left to the caller, who disposes.
    /// </summary>
    /// <param name="made">Gets the share that is done, 0 to 1.</param>
    /// <param name="cancellationToken">Checked between sessions.</param>
    public void Prepare(Action<double>? made = null, CancellationToken cancellationToken = default)
    {
        // They have no weights in common, so they are made side by side: the longest first, and nobody waits for another at the end.
        (Action Make, int Share)[] parts = [(_vision.Prepare, 3), .. Parts];
        ConcurrentQueue<(Action Make, int Share)> waiting = new(parts.OrderByDescending(part => part.Share));
        Lock gate = new();
        int done = 0, all = parts.Sum(part => part.Share), others = Math.Min(parts.Length, Math.Max(2, Environment.ProcessorCount)) - 1;
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task beside = Task.WhenAll(Enumerable.Range(0, others).Select(_ => Task.Run(Make, CancellationToken.None)));
        try
        {
            Make();
        }
        finally
        {
            // Where this thread fails, the caller unmaps the weights; the others still read them.
            beside.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        }
        beside.GetAwaiter().GetResult();
        cancellationToken.ThrowIfCancellationRequested();
        Sessions.Complete();

        void Make()
        {
            try
            {
                while (!failed.IsCancellationRequested && waiting.TryDequeue(out (Action Make, int Share) part))
                {
                    part.Make();
                    lock (gate)
                        made?.Invoke((double)(done += part.Share) / all);
                }
            }
            catch
            {
                failed.Cancel();
                throw;
            }
        }
    }

    /// <summary>
    /// Makes the sessions that read text again, with weights in ONNX Runtime's own layout, while the others answer. Takes seconds. Does
    /// nothing where there is nothing to gain.
    /// </summary>
    public void Pack(CancellationToken cancellationToken)
    {
        if (Sessions.CanPack)
            PackText(cancellationToken);
    }

    /// <summary>Encodes pixels uint8 [H, W, 3]. The caller holds the one reference to the result.</summary>
    public virtual ImageEmbeddings Encode(Memory<byte> pixels, CancellationToken cancellationToken)
    {
        Sessions.Checkpoint.ThrowIfShrunk();
        using RunControl control = new(cancellationToken);
        return _vision.Encode(pixels, control);
    }

    /// <summary>Whether it takes several frames as one image.</summary>
    public virtual bool ReadsFrames => false;

    /// <summary>Joins the embeddings of frames. The caller holds the one reference to the result.</summary>
    public ImageEmbeddings Join(IReadOnlyList<ImageEmbeddings> frames, CancellationToken cancellationToken)
    {
        using RunControl control = new(cancellationToken);
        return _vision.Join(frames, control);
    }

    /// <summary>The logits of the network's first decision about an image and a text.</summary>
    /// <param name="embeddings">The image.</param>
    /// <param name="ids">The text's tokens, [CLS] and [SEP] included.</param>
    public abstract float[] ProbeLogits(ImageEmbeddings embeddings, int[] ids);

    public void Dispose()
    {
        _vision.Dispose();
        DisposeParts();
        Sessions.Dispose();
    }

    /// <summary>Packs what reads or writes text. The token is checked before each part.</summary>
    protected abstract void PackText(CancellationToken cancellationToken);

    /// <summary>Disposes the sessions of the parts beside the vision network.</summary>
    protected abstract void DisposeParts();
}
