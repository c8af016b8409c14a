namespace Slice.Net.SharedCache.Files;

/// <summary>Work for a thread of <see cref="FileThreads"/>.</summary>
internal abstract class FileWork
{
    /// <summary>Does it, unless nobody waits for it any more.</summary>
    public abstract void Run();

    /// <summary>Says that it is not going to be done.</summary>
    public abstract void Fail(Exception why);
}

/// <summary>Work with a result.</summary>
/// <typeparam name="T">The result.</typeparam>
/// <param name="work">What to do.</param>
/// <param name="input">What the work reads; disposed after it, or instead of it.</param>
internal sealed class FileWork<T>(Func<T> work, IDisposable? input) : FileWork
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits for the result, or for the caller to have had enough.</summary>
    public async Task<T> WaitAsync(CancellationToken ct)
    {
        using var registration = ct.UnsafeRegister(
            static (done, token) => ((TaskCompletionSource<T>)done!).TrySetCanceled(token), _done);
        return await _done.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override void Run()
    {
        if (_done.Task.IsCompleted)
        {
            input?.Dispose();
            return;
        }

        try
        {
            var result = Worked();
            if (!_done.TrySetResult(result))
            {
                (result as IDisposable)?.Dispose();
            }
        }
        catch (Exception error)
        {
            // Whoever waits gets it, of whatever kind; the thread is for others too.
            _done.TrySetException(error);
        }
    }

    /// <inheritdoc/>
    public override void Fail(Exception why)
    {
        input?.Dispose();
        _done.TrySetException(why);
    }

    private T Worked()
    {
        try
        {
            return work();
        }
        finally
        {
            input?.Dispose();
        }
    }
}
