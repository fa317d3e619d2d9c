using Microsoft.ML.OnnxRuntime;

namespace Blip.Runtime;

/// <summary>
/// What the passes of one run share: the request to stop them, which ends even a pass under way, and whether ONNX Runtime releases the
/// memory that they needed. One run, one control.
/// </summary>
internal sealed class RunControl : IDisposable
{
    private readonly CancellationTokenRegistration _registration;

    /// <param name="cancellationToken">Ends the pass under way, within some 30 ms for the full-size vision network.</param>
    /// <param name="givesMemoryBack">
    /// Whether ONNX Runtime's arena shrinks after each pass. It keeps what its largest run needed otherwise.
    /// </param>
    public RunControl(CancellationToken cancellationToken, bool givesMemoryBack = false)
    {
        Token = cancellationToken;
        if (givesMemoryBack)
            Options.AddRunConfigEntry("memory.enable_memory_arena_shrinkage", "cpu:0");
        _registration = cancellationToken.UnsafeRegister(state => ((RunOptions)state!).Terminate = true, Options);
    }

    public CancellationToken Token { get; }

    /// <summary>For ONNX Runtime.</summary>
    public RunOptions Options { get; } = new();

    /// <summary>Runs a pass.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public T Run<T>(Func<RunOptions, T> pass)
    {
        Token.ThrowIfCancellationRequested();
        try
        {
            return pass(Options);
        }
        // ONNX Runtime has no kind of its own for a pass that was ended.
        catch (OnnxRuntimeException exception) when (Token.IsCancellationRequested)
        {
            throw new OperationCanceledException("The run was ended.", exception, Token);
        }
    }

    public void Dispose()
    {
        // Waits for a callback at work, which uses the options.
        _registration.Dispose();
        Options.Dispose();
    }
}
