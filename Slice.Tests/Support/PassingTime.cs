using Microsoft.Extensions.Time.Testing;

namespace Slice.Tests.Support;

/// <summary>Lets injected time go on while a test waits.</summary>
internal static class PassingTime
{
    /// <summary>
    /// Awaits <paramref name="awaited"/> while the clock advances by a second at each look. For deadlines that the proxy arms at a moment
    /// which nothing announces: the clock goes on until they are over.
    /// </summary>
    public static async Task<T> UntilAsync<T>(FakeTimeProvider time, Task<T> awaited, string what)
    {
        await UntilAsync(time, () => awaited.IsCompleted, what);
        return await awaited;
    }

    /// <summary>As <see cref="UntilAsync{T}"/>, until <paramref name="condition"/> holds.</summary>
    public static Task UntilAsync(FakeTimeProvider time, Func<bool> condition, string what) => Eventually.TrueAsync(
        () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return condition();
        },
        what);
}
