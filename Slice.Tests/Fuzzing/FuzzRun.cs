using System.Globalization;
using System.Text;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Gives a target inputs made from its grammar: the seeds as they are, then as many from a fixed seed and as many from a new one. The
/// number of inputs is the bound, never the clock. A failure says the seed that makes the input again, and the smallest
/// input found that fails in the same way. <c>SLICE_FUZZ_ITERATIONS</c> and <c>SLICE_FUZZ_SEED</c> are explained in docs/testing.md.
/// </summary>
internal static class FuzzRun
{
    /// <summary>The seed of every ordinary run; arbitrary.</summary>
    public const ulong FixedSeed = 9110;

    // Of one input; thousands a second are usual.
    private static readonly TimeSpan s_longestInput = TimeSpan.FromSeconds(30);

    /// <summary>Runs <paramref name="check"/>, which throws when an invariant does not hold.</summary>
    /// <param name="grammar">The language of the inputs.</param>
    /// <param name="iterations">Inputs per seed in an ordinary run; about a second of them.</param>
    /// <param name="check">Pure but for assertions.</param>
    public static async Task RunAsync(FuzzGrammar grammar, long iterations, Action<byte[]> check)
    {
        foreach (byte[] seed in grammar.SeedBytes)
        {
            Check(seed, check, "a seed as it is");
        }

        iterations = Iterations(iterations);
        foreach (ulong seed in Seeds())
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{iterations} inputs of SLICE_FUZZ_SEED={seed}");
            await RunAsync(grammar, seed, iterations, check);
        }
    }

    /// <summary>Inputs per seed: as many as the environment says, else the target's own number.</summary>
    public static long Iterations(long usual) => (long)(Number("SLICE_FUZZ_ITERATIONS") ?? (ulong)usual);

    /// <summary>The seed that the environment names, else the fixed one and a new one.</summary>
    public static ulong[] Seeds() => Number("SLICE_FUZZ_SEED") is { } chosen ? [chosen] : [FixedSeed, (ulong)Random.Shared.NextInt64()];

    /// <summary>Runs the inputs of one seed. An input that takes longer than half a minute is a failure too.</summary>
    public static async Task RunAsync(FuzzGrammar grammar, ulong seed, long iterations, Action<byte[]> check)
    {
        var mutator = new FuzzMutator(grammar);
        long current = 0;
        CancellationToken ct = TestContext.Current.CancellationToken;
        Task inputs = Task.Run(
            () =>
            {
                for (; current < iterations && !ct.IsCancellationRequested; Interlocked.Increment(ref current))
                {
                    // Inputs of neighbouring seeds must not be each other's neighbours: 9110 and 9111 share none.
                    ulong inputSeed = new FuzzRandom(seed).NextBits() + (ulong)current;
                    Check(mutator.Make(inputSeed), check, $"input {current} of SLICE_FUZZ_SEED={seed}");
                }
            },
            ct);
        for (long seen = -1; !inputs.IsCompleted;)
        {
            // A watch on a loop that may hang, and so on the real clock: nothing waits for it when the inputs go on.
            await Task.WhenAny(inputs, Task.Delay(s_longestInput, ct));
            long now = Interlocked.Read(ref current);
            if (!inputs.IsCompleted && now == seen)
            {
                throw new TimeoutException($"input {now} of SLICE_FUZZ_SEED={seed} does not come to an end");
            }

            seen = now;
        }

        await inputs;
    }

    /// <summary>The shortest input that still fails with the same kind of exception, found by leaving out ever smaller pieces.</summary>
    public static byte[] Shorten(byte[] input, Action<byte[]> check)
    {
        Type? failure = Try(input, check)?.GetType();
        for (int length = input.Length / 2; length > 0; length /= 2)
        {
            for (int start = 0; start + length <= input.Length;)
            {
                byte[] shorter = [.. input[..start], .. input[(start + length)..]];
                if (Try(shorter, check)?.GetType() == failure)
                {
                    input = shorter;
                }
                else
                {
                    start += length;
                }
            }
        }

        return input;
    }

    private static void Check(byte[] input, Action<byte[]> check, string origin)
    {
        if (Try(input, check) is { } failure)
        {
            byte[] shortest = Shorten(input, check);
            throw new InvalidOperationException(
                $"{origin} fails; shortened to {Literal(shortest)}: {(Try(shortest, check) ?? failure).Message}", failure);
        }
    }

    private static Exception? Try(byte[] input, Action<byte[]> check)
    {
        try
        {
            check(input);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    private static ulong? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;

    // A C# literal, to be pasted among the seeds.
    private static string Literal(byte[] input)
    {
        var literal = new StringBuilder("\"");
        foreach (byte value in input)
        {
            literal.Append((char)value switch
            {
                '\r' => "\\r",
                '\n' => "\\n",
                '\t' => "\\t",
                '"' => "\\\"",
                '\\' => "\\\\",
                < ' ' or > '~' => string.Create(CultureInfo.InvariantCulture, $"\\u{value:x4}"),
                char plain => plain.ToString(),
            });
        }

        return literal.Append('"').ToString();
    }
}
